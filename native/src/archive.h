/// @file
/// Checks of archives for which LibTorch has internal assertions or none.
#pragma once

#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>

namespace noisylr {

/// @throws std::invalid_argument if the archive holds no optimizer, or one with other options,
///     another number of groups, or groups of another size
void check_archive(const torch::optim::Optimizer& optimizer,
                   torch::serialize::InputArchive& archive);

/// @throws std::invalid_argument if a buffer in the state of a parameter has another shape than the
///     parameter
void check_state_shapes(torch::optim::Optimizer& optimizer);

}  // namespace noisylr
