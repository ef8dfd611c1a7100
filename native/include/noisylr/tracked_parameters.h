/// @file
/// The link between an optimizer's state and its parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <noisylr/export.h>
#include <torch/optim/optimizer.h>

#include <vector>

namespace noisylr {

/// The parameters of an optimizer that may have state.
///
/// torch::optim finds the state of a parameter by the address of its tensor. A weak reference to
/// the tensor keeps this address from being used again, so that a new tensor never inherits the
/// state of a freed one.
class NOISYLR_API TrackedParameters {
 public:
  /// Erases the state of tensors that are in no group, and tracks those that are.
  void update(torch::optim::Optimizer& optimizer);

  /// update() unless the groups hold the tensors that are tracked.
  void update_if_changed(torch::optim::Optimizer& optimizer);

 private:
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl>> references_;  // in the order of the groups
};

}  // namespace noisylr
