/// @file
/// The step of several parameters at once by ATen's operations.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adagrad.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <c10/core/TensorOptions.h>
#include <noisylr/noisy.h>

#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

namespace noisylr {

/// Parameters of one group, device and type, for ATen's operations.
template <class Options>
struct Bucket {
  size_t group;
  const Options* options;
  at::Device device;
  at::ScalarType type;
  bool first;  ///< whether SGD's momentum buffers are not written yet
  std::vector<at::Tensor> parameters = {};
  std::vector<at::Tensor> gradients = {};
  std::array<std::vector<at::Tensor>, 3> buffers = {};
  std::vector<int64_t*> counts = {};  ///< the integers of the states
  std::vector<at::Tensor> steps = {};
};

// aten_step(bucket, lr): the step of a bucket; lr is a double or a tensor.

template <class Lr>
void aten_step(const Bucket<torch::optim::SGDOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  at::_fused_sgd_(b.parameters, b.gradients, b.buffers[0], o.weight_decay(), o.momentum(), lr,
                  o.dampening(), o.nesterov(), /*maximize=*/false, b.first);
}

/// The same with Keras' momentum, whose buffers start at zero.
template <class Lr>
void aten_keras_step(const Bucket<torch::optim::SGDOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  std::vector<at::Tensor> steps = b.gradients;
  if (o.weight_decay() != 0) steps = at::_foreach_add(steps, b.parameters, o.weight_decay());
  at::_fused_sgd_(b.parameters, at::_foreach_mul(steps, lr), b.buffers[0], /*weight_decay=*/0,
                  o.momentum(), /*lr=*/1., o.dampening(), o.nesterov(), /*maximize=*/false,
                  /*is_first_step=*/false);
}

template <class Lr>
void aten_step(const Bucket<torch::optim::AdamOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  at::_fused_adam_(b.parameters, b.gradients, b.buffers[0], b.buffers[1], b.buffers[2], b.steps, lr,
                   std::get<0>(o.betas()), std::get<1>(o.betas()), o.weight_decay(), o.eps(),
                   o.amsgrad(), /*maximize=*/false);
}

template <class Lr>
void aten_step(const Bucket<torch::optim::AdamWOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  at::_fused_adamw_(b.parameters, b.gradients, b.buffers[0], b.buffers[1], b.buffers[2], b.steps,
                    lr, std::get<0>(o.betas()), std::get<1>(o.betas()), o.weight_decay(), o.eps(),
                    o.amsgrad(), /*maximize=*/false);
}

template <class Lr>
void aten_step(const Bucket<torch::optim::AdagradOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  const auto step = [&](const auto& rate) {
    at::_fused_adagrad_(b.parameters, b.gradients, b.buffers[0], b.steps, rate, o.lr_decay(),
                        o.weight_decay(), o.eps(), /*maximize=*/false);
  };
  // Older versions of LibTorch do not take a tensor here.
  if constexpr (requires {
                  at::_fused_adagrad_(b.parameters, b.gradients, b.buffers[0], b.steps, lr, 0., 0.,
                                      0., false);
                }) {
    step(lr);
  } else {
    step(lr.template item<double>());
  }
}

template <class Lr>
void aten_step(const Bucket<torch::optim::RMSpropOptions>& b, const Lr& lr) {
  const auto& o = *b.options;
  const auto& [squares, momenta, averages] = b.buffers;
  std::vector<at::Tensor> gradients = b.gradients;
  if (o.weight_decay() != 0) {
    gradients = at::_foreach_add(gradients, b.parameters, o.weight_decay());
  }
  at::_foreach_mul_(squares, o.alpha());
  at::_foreach_addcmul_(squares, gradients, gradients, 1 - o.alpha());
  std::vector<at::Tensor> roots;
  if (o.centered()) {
    at::_foreach_mul_(averages, o.alpha());
    at::_foreach_add_(averages, gradients, 1 - o.alpha());
    roots = at::_foreach_addcmul(squares, averages, averages, -1);
    at::_foreach_sqrt_(roots);
  } else {
    roots = at::_foreach_sqrt(squares);
  }
  at::_foreach_add_(roots, o.eps());
  if (o.momentum() > 0) {
    at::_foreach_mul_(momenta, o.momentum());
    at::_foreach_addcdiv_(momenta, gradients, roots);
  }
  if constexpr (std::is_same_v<Lr, double>) {
    if (o.momentum() > 0) {
      at::_foreach_add_(b.parameters, momenta, -lr);
    } else {
      at::_foreach_addcdiv_(b.parameters, gradients, roots, -lr);
    }
  } else {
    const auto updates = o.momentum() > 0 ? momenta : at::_foreach_div(gradients, roots);
    at::_foreach_sub_(b.parameters, at::_foreach_mul(updates, lr));
  }
}

/// Whether this version of LibTorch has an operation for a device.
inline bool has_kernel(const char* operation, at::Device device) {
  const auto found = c10::Dispatcher::singleton().findSchema({operation, ""});
  return found &&
         found->hasKernelForDispatchKey(c10::computeDispatchKey(at::kFloat, at::kStrided, device));
}

}  // namespace noisylr
