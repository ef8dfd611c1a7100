/// @file
/// The five optimizers' update rules: what LibTorch's options and state mean to the kernels.
#pragma once

#include <ATen/ops/full_like.h>
#include <noisylr/noisy.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "kernels.h"
#include "state_fields.h"

namespace noisylr {

// rule(options, step): what a kernel needs for the given step of a parameter, counted from 1.

inline kernels::Sgd rule(const torch::optim::SGDOptions& o, int64_t) {
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .momentum = o.momentum(),
          .dampening = o.dampening(),
          .nesterov = o.nesterov(),
          .lr_in_buffer = false,
          .first = false};
}

template <class Options>
kernels::Adam adam_rule(const Options& o, int64_t step, bool decoupled) {
  const auto [beta1, beta2] = o.betas();
  const auto t = static_cast<double>(step);
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .beta1 = beta1,
          .beta2 = beta2,
          .eps = o.eps(),
          .step_size = o.lr() / (1 - std::pow(beta1, t)),
          .correction = std::sqrt(1 - std::pow(beta2, t)),
          .decoupled = decoupled,
          .amsgrad = o.amsgrad()};
}

inline kernels::Adam rule(const torch::optim::AdamOptions& o, int64_t step) {
  return adam_rule(o, step, false);
}

inline kernels::Adam rule(const torch::optim::AdamWOptions& o, int64_t step) {
  return adam_rule(o, step, true);
}

inline kernels::Adagrad rule(const torch::optim::AdagradOptions& o, int64_t step) {
  return {.lr = o.lr() / (1 + static_cast<double>(step - 1) * o.lr_decay()),
          .weight_decay = o.weight_decay(),
          .eps = o.eps()};
}

inline kernels::RmsProp rule(const torch::optim::RMSpropOptions& o, int64_t) {
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .alpha = o.alpha(),
          .eps = o.eps(),
          .momentum = o.momentum(),
          .centered = o.centered()};
}

template <class Base>
struct Algorithm;

template <>
struct Algorithm<torch::optim::SGD> {
  using State = torch::optim::SGDParamState;
  static constexpr auto kOperation = "aten::_fused_sgd_";
  static constexpr auto kKernel = &kernels::Kernels::sgd;
};

template <>
struct Algorithm<torch::optim::Adam> {
  using State = torch::optim::AdamParamState;
  static constexpr auto kOperation = "aten::_fused_adam_";
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<torch::optim::AdamW> {
  using State = torch::optim::AdamWParamState;
  static constexpr auto kOperation = "aten::_fused_adamw_";
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<torch::optim::Adagrad> {
  using State = torch::optim::AdagradParamState;
  static constexpr auto kOperation = "aten::_fused_adagrad_";
  static constexpr auto kKernel = &kernels::Kernels::adagrad;
};

template <>
struct Algorithm<torch::optim::RMSprop> {
  using State = torch::optim::RMSpropParamState;
  static constexpr const char* kOperation = nullptr;  // _foreach_*, which every device has
  static constexpr auto kKernel = &kernels::Kernels::rmsprop;
};

template <class Options>
bool keeps_state(const Options& options) {
  if constexpr (std::is_same_v<Options, torch::optim::SGDOptions>) {
    return options.momentum() != 0;
  } else {
    return true;
  }
}

/// The state of one parameter, in the order of its fields.
struct Fields {
  std::array<at::Tensor*, 3> buffers = {};  ///< null if the options do not use it
  int64_t* step = nullptr;

  Fields() = default;

  template <class State, class Options>
  Fields(State& state, const Options& options) {
    visit_fields(state, options, *this);
  }

  void operator()(const char*, at::Tensor& buffer, bool required) {
    buffers[count_++] = required ? &buffer : nullptr;
  }
  void operator()(const char*, int64_t& count, bool) { step = &count; }

 private:
  size_t count_ = 0;
};

/// The initial state of a parameter.
template <class Base, class Options>
auto make_state(const Base& optimizer, const at::Tensor& p, const Options& options) {
  auto state = std::make_unique<typename Algorithm<Base>::State>();
  double initial = 0;
  if constexpr (std::is_same_v<Base, torch::optim::Adagrad>) {
    initial = static_cast<const Options&>(optimizer.defaults()).initial_accumulator_value();
  }
  for (at::Tensor* buffer : Fields(*state, options).buffers) {
    if (buffer) *buffer = at::full_like(p.detach(), initial, at::MemoryFormat::Preserve);
  }
  return state;
}

}  // namespace noisylr
