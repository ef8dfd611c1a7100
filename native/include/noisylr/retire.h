/// @file
/// The end of optimizers, groups and options that others may still refer to.
///
/// LibTorch's schedulers keep a reference to their optimizer, and the bindings of other languages
/// one to its groups and options; none of them can tell when these are gone. So what is retired is
/// emptied instead of deleted, and whoever uses it or what it gave gets an exception.
#pragma once

#include <noisylr/export.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <utility>

namespace noisylr {

/// Frees an optimizer's state and gives up its share in the parameters. The optimizer, its groups
/// and their options stay in memory for good: some hundred bytes, 32 for each group that there was
/// room for, and 8 for each parameter.
///
/// References that its groups and options gave remain valid. Their parameters are undefined
/// tensors. Reading, setting, copying or writing the options' learning rate throws
/// std::logic_error, and so does a scheduler of the optimizer. Nothing but the groups and options
/// may be used.
NOISYLR_API void retire(std::unique_ptr<torch::optim::Optimizer> optimizer) noexcept;

/// Looks whether the options of a group, if it has any, are of the optimizer's own class: LibTorch
/// passes over others in silence, or reads past their end. Those of L4 must be inside their
/// intervals too.
/// @throws std::invalid_argument if they are not
NOISYLR_API void check_group(const torch::optim::Optimizer& optimizer,
                             const torch::optim::OptimizerParamGroup& group);

/// Assigns to the options of a group; references to them stay valid.
/// @throws std::invalid_argument if check_group() refuses these
/// @throws std::out_of_range if there is no such group
NOISYLR_API void set_options(torch::optim::Optimizer& optimizer, size_t group,
                             const torch::optim::OptimizerOptions& options);

/// Makes room for so many groups. References to groups remain valid, but those that had to move
/// are empty where they were.
NOISYLR_API void reserve_groups(torch::optim::Optimizer& optimizer, size_t count);

/// Empties the groups from `first` up to `last`, which may then be removed. Their options stay in
/// memory for good, as those of a retired optimizer do.
NOISYLR_API void retire_groups(torch::optim::Optimizer& optimizer, size_t first,
                               size_t last) noexcept;

/// Frees the state of parameters that are in no group any more. Else a parameter that comes to lie
/// where a removed one lay would go on with its state.
NOISYLR_API void forget_removed(torch::optim::Optimizer& optimizer);

/// std::make_shared of an optimizer that its last owner retires.
template <class Optimizer, class... Arguments>
std::shared_ptr<Optimizer> make_retiring(Arguments&&... arguments) {
  return std::shared_ptr<Optimizer>(
      new Optimizer(std::forward<Arguments>(arguments)...),
      [](Optimizer* optimizer) { retire(std::unique_ptr<torch::optim::Optimizer>(optimizer)); });
}

}  // namespace noisylr
