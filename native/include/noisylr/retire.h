/// @file
/// The end of optimizers that others may still refer to.
///
/// LibTorch's schedulers keep a reference to their optimizer, and the bindings of other languages
/// one to its groups and options; none of them can tell when the optimizer is gone. So a retired
/// optimizer is emptied instead of deleted, and whoever uses it or what it gave gets an exception.
#pragma once

#include <noisylr/export.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <utility>

namespace noisylr {

/// Frees an optimizer's state and gives up its share in the parameters. The optimizer, its groups
/// and their options stay in memory for good: some hundred bytes, and 8 for each parameter.
///
/// References that its groups and options gave remain valid. Their parameters are undefined
/// tensors. Reading, setting, copying or writing the options' learning rate throws
/// std::logic_error, and so does a scheduler of the optimizer. Nothing but the groups and options
/// may be used.
NOISYLR_API void retire(std::unique_ptr<torch::optim::Optimizer> optimizer) noexcept;

/// std::make_shared of an optimizer that its last owner retires.
template <class Optimizer, class... Arguments>
std::shared_ptr<Optimizer> make_retiring(Arguments&&... arguments) {
  return std::shared_ptr<Optimizer>(
      new Optimizer(std::forward<Arguments>(arguments)...),
      [](Optimizer* optimizer) { retire(std::unique_ptr<torch::optim::Optimizer>(optimizer)); });
}

}  // namespace noisylr
