/// @file
/// A small regression problem and the five optimizers that the tests train it with.
#pragma once

#include <ATen/ATen.h>

#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "noisylr/noisy.h"

/// Parameters with gradients: y ≈ tanh(x·w + b)·v. The same numbers in every instance.
struct Problem {
  at::Tensor x, y, w, b, v;

  Problem() {
    at::manual_seed(7);
    x = at::randn({16, 3});
    y = at::randn({16, 1});
    w = at::randn({3, 5}).requires_grad_();
    b = at::zeros({5}).requires_grad_();
    v = at::randn({5, 1}).requires_grad_();
  }

  std::vector<at::Tensor> parameters() const { return {w, b, v}; }

  /// The loss, with new gradients in the parameters.
  at::Tensor loss() const {
    for (const at::Tensor& p : parameters()) p.mutable_grad().reset();
    at::Tensor error = at::matmul(at::tanh(at::matmul(x, w) + b), v) - y;
    at::Tensor mean = error.square().mean();
    mean.backward();
    return mean;
  }

  /// Whether all parameters are the same, bit for bit.
  bool operator==(const Problem& other) const {
    return at::equal(w, other.w) && at::equal(b, other.b) && at::equal(v, other.v);
  }
};

/// An optimizer class with options that use all of its state.
template <class Optimizer>
typename noisylr::OptionsOf<Optimizer>::type options();
template <>
inline torch::optim::SGDOptions options<torch::optim::SGD>() {
  return torch::optim::SGDOptions(0.002).momentum(0.9).weight_decay(1e-3).nesterov(true);
}
template <>
inline torch::optim::AdamOptions options<torch::optim::Adam>() {
  return torch::optim::AdamOptions(0.01).amsgrad(true).weight_decay(1e-3);
}
template <>
inline torch::optim::AdamWOptions options<torch::optim::AdamW>() {
  return torch::optim::AdamWOptions(0.01);
}
template <>
inline torch::optim::AdagradOptions options<torch::optim::Adagrad>() {
  return torch::optim::AdagradOptions(0.05).lr_decay(1e-3).initial_accumulator_value(0.1);
}
template <>
inline torch::optim::RMSpropOptions options<torch::optim::RMSprop>() {
  return torch::optim::RMSpropOptions(0.01).momentum(0.5).centered(true);
}

/// Two groups, {w, b} and {v}; the second has three times the learning rate.
template <class Optimizer>
std::vector<torch::optim::OptimizerParamGroup> two_groups(const Problem& problem) {
  using Options = typename noisylr::OptionsOf<Optimizer>::type;
  auto own = std::make_unique<Options>(options<Optimizer>());
  own->lr(3 * own->lr());
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{problem.w, problem.b});
  groups.emplace_back(std::vector<at::Tensor>{problem.v}, std::move(own));
  return groups;
}

inline double lr_of(torch::optim::Optimizer& optimizer, size_t group = 0) {
  return optimizer.param_groups()[group].options().get_lr();
}

/// What saver.save() writes, as an archive to load.
template <class Saver>
torch::serialize::InputArchive archived(const Saver& saver) {
  torch::serialize::OutputArchive out;
  saver.save(out);
  std::stringstream stream;
  out.save_to(stream);
  torch::serialize::InputArchive in;
  in.load_from(stream);
  return in;
}

/// Steps with the problem's loss.
template <class Optimizer>
void train(Optimizer& optimizer, const Problem& problem, int steps) {
  for (int i = 0; i < steps; ++i) optimizer.step([&] { return problem.loss(); });
}

/// The same numbers in other tensors.
inline Problem copy_of(const Problem& problem) {
  Problem copy;
  at::NoGradGuard no_grad;
  const auto from = problem.parameters(), to = copy.parameters();
  for (size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  return copy;
}

/// The following steps of two optimizers must give the same numbers, bit for bit.
template <class A, class B>
void expect_same_steps(A& a, const Problem& problem, B& b, const Problem& other, int steps) {
  for (int i = 0; i < steps; ++i) {
    train(a, problem, 1);
    train(b, other, 1);
    EXPECT(problem == other);
  }
}

/// Runs a test template for each of the five optimizers.
#define TEST_EACH_OPTIMIZER(name)                                             \
  template <class Base>                                                       \
  static void name();                                                         \
  static const bool name##_added =                                            \
      check::add(__FILE__, #name ", SGD", name<torch::optim::SGD>) &&         \
      check::add(__FILE__, #name ", Adam", name<torch::optim::Adam>) &&       \
      check::add(__FILE__, #name ", AdamW", name<torch::optim::AdamW>) &&     \
      check::add(__FILE__, #name ", Adagrad", name<torch::optim::Adagrad>) && \
      check::add(__FILE__, #name ", RMSprop", name<torch::optim::RMSprop>);   \
  template <class Base>                                                       \
  static void name()
