/// @file
/// The state of an optimizer as named tensors, for checkpoints that carry no code.
#pragma once

#include <ATen/core/Tensor.h>
#include <noisylr/export.h>
#include <torch/optim/optimizer.h>

#include <string>
#include <utility>
#include <vector>

namespace noisylr {

/// The state of torch::optim::SGD, Adam, AdamW, Adagrad or RMSprop, noisy or not, or of L4, as
/// tensors named GROUP.PARAMETER.FIELD, "0.3.momentum_buffer" for example, in the order of the
/// parameters.
///
/// Fields are LibTorch's:
///
/// | class | fields |
/// |---|---|
/// | SGD | momentum_buffer |
/// | Adam, AdamW | step, exp_avg, exp_avg_sq, max_exp_avg_sq |
/// | Adagrad | step, sum |
/// | RMSprop | step, square_avg, momentum_buffer, grad_avg |
/// | L4 | step, min_loss, exp_avg, exp_avg_sq |
///
/// A buffer has the shape of its parameter. step is an int64 tensor without dimensions on the CPU,
/// min_loss a float64 one. A parameter without state yet contributes nothing. Buffers are not
/// copied: they change with the next step. Learning rates and other options are not part of the
/// state.
///
/// @throws std::invalid_argument if the optimizer or the options of a group are of another class
NOISYLR_API std::vector<std::pair<std::string, at::Tensor>> optimizer_state(
    torch::optim::Optimizer& optimizer);

/// The same, appended to one vector of names and one of tensors.
/// @throws std::invalid_argument if the optimizer or the options of a group are of another class
NOISYLR_API void optimizer_state(torch::optim::Optimizer& optimizer,
                                 std::vector<std::string>& names, std::vector<at::Tensor>& tensors);

/// Replaces the state of an optimizer by the result of optimizer_state(), in any order. Buffers are
/// copied to the device and memory layout of their parameters. A parameter that is not named has no
/// state afterwards, as before its first step.
///
/// @param names one name for each tensor
/// @param tensors on any device; not modified
/// @throws std::invalid_argument, before anything changes, that names the class of the
///     optimizer or of a group's options, or the tensor that is missing, unknown, repeated, or
///     of the wrong shape, type or value
NOISYLR_API void load_optimizer_state(torch::optim::Optimizer& optimizer,
                                      const std::vector<std::string>& names,
                                      const std::vector<at::Tensor>& tensors);

}  // namespace noisylr
