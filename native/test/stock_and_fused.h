/// @file
/// The stock and the fused optimizer side by side.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "check.h"
#include "noisylr/state.h"
#include "problem.h"

namespace stock_and_fused {

using namespace noisylr;
using namespace torch::optim;
using Tensors = std::vector<at::Tensor>;

/// 50, or the value of NOISYLR_TEST_STEPS.
inline const int kSteps = [] {
  const char* steps = std::getenv("NOISYLR_TEST_STEPS");
  return steps ? std::stoi(steps) : 50;
}();

inline at::Tensor leaf(const at::Tensor& values) { return values.detach().requires_grad_(); }

inline at::Tensor randn(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
  return leaf(at::randn(sizes).to(type));
}

/// A copy with the same strides.
inline at::Tensor same_layout(const at::Tensor& t) {
  at::Tensor copy = at::empty_strided(t.sizes(), t.strides(), t.options());
  copy.copy_(t.detach());
  return leaf(copy);
}

inline void set_grad(const at::Tensor& p, const at::Tensor& grad) { p.mutable_grad() = grad; }

/// A random gradient with the parameter's layout.
inline at::Tensor random_grad(const at::Tensor& p) { return at::randn_like(p).detach(); }

inline double greatest(const at::Tensor& t) { return t.abs().max().item<double>(); }

/// The greatest difference.
inline double error(const at::Tensor& actual, const at::Tensor& exact) {
  return greatest(actual.detach().to(at::kDouble) - exact.detach());
}

/// Whether strides are equal in all dimensions of more than one element.
inline bool same_strides(const at::Tensor& a, const at::Tensor& b) {
  for (int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  }
  return a.sizes() == b.sizes();
}

/// Options that use each branch of a step.
template <class Base>
std::vector<typename OptionsOf<Base>::type> variants();

template <>
inline std::vector<SGDOptions> variants<SGD>() {
  return {SGDOptions(0.1),
          SGDOptions(0.1).weight_decay(1e-3),
          SGDOptions(0.1).momentum(0.9),
          SGDOptions(0.1).momentum(0.9).dampening(0.3).weight_decay(1e-3),
          SGDOptions(0.1).momentum(0.9).nesterov(true),
          SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(1e-3)};
}

template <class Options>
std::vector<Options> adam_variants() {
  return {Options(1e-2).weight_decay(0), Options(1e-2).weight_decay(1e-2),
          Options(1e-2).amsgrad(true).weight_decay(0),
          Options(1e-2).amsgrad(true).weight_decay(1e-2).betas({0.8, 0.95}).eps(1e-4)};
}

template <>
inline std::vector<AdamOptions> variants<Adam>() {
  return adam_variants<AdamOptions>();
}

template <>
inline std::vector<AdamWOptions> variants<AdamW>() {
  return adam_variants<AdamWOptions>();
}

template <>
inline std::vector<AdagradOptions> variants<Adagrad>() {
  return {AdagradOptions(1e-2), AdagradOptions(1e-2).weight_decay(1e-2),
          AdagradOptions(1e-2).lr_decay(1e-2).initial_accumulator_value(0.1).eps(1e-3)};
}

template <>
inline std::vector<RMSpropOptions> variants<RMSprop>() {
  return {RMSpropOptions(1e-3), RMSpropOptions(1e-3).weight_decay(1e-2),
          RMSpropOptions(1e-3).momentum(0.9), RMSpropOptions(1e-3).centered(true),
          RMSpropOptions(1e-3).centered(true).momentum(0.9).weight_decay(1e-2).alpha(0.9)};
}

inline Tensors copies(const Tensors& tensors) {
  Tensors all;
  for (const at::Tensor& t : tensors) all.push_back(same_layout(t));
  return all;
}

/// The stock and the fused optimizer over equal parameters, with the same gradients.
template <class Base>
struct StockAndFused {
  using Options = typename OptionsOf<Base>::type;

  Tensors stock_parameters, fused_parameters;
  Base stock;
  Noisy<Base> fused;
  /// Creates the gradient of a parameter; undefined for none.
  std::function<at::Tensor(const at::Tensor&)> grad = random_grad;

  explicit StockAndFused(const Tensors& parameters, const Options& options = ::options<Base>())
      : StockAndFused(parameters, copies(parameters), options) {}

  StockAndFused(const Tensors& for_stock, const Tensors& for_fused,
                const Options& options = ::options<Base>())
      : stock_parameters(for_stock),
        fused_parameters(for_fused),
        stock(for_stock, options),
        fused(for_fused, options) {}

  /// One group for each of the options, with copies of the parameters.
  StockAndFused(const Tensors& parameters, const std::vector<Options>& groups)
      : stock(split(parameters, groups, stock_parameters), groups.front()),
        fused(split(parameters, groups, fused_parameters), groups.front()) {}

  static std::vector<OptimizerParamGroup> split(const Tensors& parameters,
                                                const std::vector<Options>& groups, Tensors& all) {
    std::vector<OptimizerParamGroup> made;
    for (const Options& options : groups) {
      const Tensors own = copies(parameters);
      all.insert(all.end(), own.begin(), own.end());
      made.emplace_back(own, std::make_unique<Options>(options));
    }
    return made;
  }

  std::array<Optimizer*, 2> both() { return {&stock, &fused}; }

  void new_gradients() {
    for (size_t i = 0; i < stock_parameters.size(); ++i) {
      const at::Tensor g = grad(stock_parameters[i]);
      set_grad(stock_parameters[i], g);
      set_grad(fused_parameters[i], g);
    }
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      new_gradients();
      stock.step();
      fused.step();
      if (i < 3) expect_equal();
    }
    expect_equal();
  }

  /// All parameters and all state, bit for bit.
  void expect_equal() {
    for (size_t i = 0; i < stock_parameters.size(); ++i) {
      EXPECT(at::equal(fused_parameters[i], stock_parameters[i]));
    }
    const auto expected = optimizer_state(stock), actual = optimizer_state(fused);
    EXPECT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_EQ(actual[i].first, expected[i].first);
      EXPECT(actual[i].second.scalar_type() == expected[i].second.scalar_type());
      EXPECT(same_strides(actual[i].second, expected[i].second));
      EXPECT(at::equal(actual[i].second, expected[i].second));
    }
  }
};

/// Sizes close to those of vectors and of the ranges of threads.
inline Tensors many_sizes(at::ScalarType type = at::kFloat) {
  at::manual_seed(3);
  Tensors all;
  for (const int64_t size :
       {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 20011, 32769}) {
    all.push_back(randn({size}, type));
  }
  return all;
}

/// A sparse gradient: one row of the parameter.
inline at::Tensor sparse_grad(const at::Tensor& p) {
  return at::sparse_coo_tensor(at::ones({1, 1}, at::kLong), at::ones_like(p.slice(0, 0, 1)),
                               p.sizes());
}

/// A parameter with gaps in its memory: every other column.
inline at::Tensor strided(at::IntArrayRef sizes) {
  std::vector<int64_t> wide = sizes.vec();
  wide.back() *= 2;
  return leaf(at::randn(wide).slice(-1, 0, wide.back(), 2));
}

/// Creates the state that the stock Adagrad creates only in its constructor, and then requires.
inline void begin(Optimizer& stock, const at::Tensor& p) {
  if (!dynamic_cast<Adagrad*>(&stock)) return;
  const auto& options = static_cast<const AdagradOptions&>(stock.defaults());
  auto state = std::make_unique<AdagradParamState>();
  state->sum(at::full_like(p.detach(), options.initial_accumulator_value()));
  stock.state()[p.unsafeGetTensorImpl()] = std::move(state);
}

}  // namespace stock_and_fused
