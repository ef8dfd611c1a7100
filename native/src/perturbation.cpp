#include "noisylr/perturbation.h"

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.h"
#include "noisylr/l4.h"
#include "noisylr/noise.h"
#include "noisylr/noisy.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;

at::Generator generator(at::Device device, uint64_t seed, int64_t step, uint64_t number) {
  const auto words = philox(seed, static_cast<uint64_t>(step), number);
  // A copy of the device's own generator, whose state does not change.
  at::Generator shared = at::globalContext().defaultGenerator(device);
  at::Generator own;
  {
    std::lock_guard<std::mutex> lock(shared.mutex());
    own = shared.clone();
  }
  own.set_current_seed(uint64_t{words[0]} << 32 | words[1]);
  return own;
}

}  // namespace

Perturbation::Perturbation(Optimizer& optimizer, uint64_t seed)
    : optimizer_(optimizer), seed_(seed) {}

Perturbation::~Perturbation() = default;

void Perturbation::steps(int64_t steps) {
  require_at_least("steps", steps, 0);
  steps_ = steps;
}

torch::Tensor Perturbation::step(LossClosure closure) {
  const StepGuard::Scope scope(step_guard_);
  struct End {
    Perturbation& perturbation;
    ~End() { perturbation.end_step(); }
  } const end{*this};
  LossClosure changed;
  if (closure) {
    changed = [this, &closure] {
      torch::Tensor loss = closure();
      at::NoGradGuard no_grad;
      change_gradients();
      return loss;
    };
  } else {
    at::NoGradGuard no_grad;
    change_gradients();
  }
  torch::Tensor loss = optimizer_.step(std::move(changed));
  {
    at::NoGradGuard no_grad;
    after_step();
  }
  complete();
  return loss;
}

at::Tensor Perturbation::normal(const at::Tensor& like, uint64_t number) const {
  // In memory order, whatever the strides: the same value for the same index.
  at::Tensor values = at::empty(like.sizes(), like.options());
  return values.normal_(0, 1, generator(like.device(), seed_, steps_, number));
}

at::Tensor Perturbation::uniform(int64_t count, at::Device device, int64_t step,
                                 uint64_t number) const {
  at::Tensor values = at::empty({count}, at::TensorOptions(device).dtype(at::kDouble));
  return values.uniform_(0, 1, generator(device, seed_, step, number));
}

GradientNoise::GradientNoise(Optimizer& optimizer, double eta, double gamma, uint64_t seed)
    : Perturbation(optimizer, seed), eta_(eta), gamma_(gamma) {
  require_at_least("eta", eta, 0.0);
  require_at_least("gamma", gamma, 0.0);
}

double GradientNoise::variance(int64_t step) const noexcept {
  return eta_ / std::pow(1 + static_cast<double>(step), gamma_);
}

void GradientNoise::change_gradients() {
  const double deviation = std::sqrt(variance(steps()));
  for_each([&](size_t, const at::Tensor& parameter, uint64_t number) {
    if (parameter.grad().defined()) {
      parameter.mutable_grad().add_(normal(parameter.grad(), number), deviation);
    }
  });
}

Langevin::Langevin(Optimizer& optimizer, double temperature, uint64_t seed)
    : Perturbation(optimizer, seed), temperature_(temperature) {
  require_at_least("temperature", temperature, 0.0);
}

double Langevin::rate(size_t group) const {
  if (const auto* noise = dynamic_cast<const LrNoise*>(&optimizer())) {
    return noise->realised_lr(group);
  }
  const double lr = optimizer().param_groups()[group].options().get_lr();
  if (const auto* l4 = dynamic_cast<const L4*>(&optimizer())) {
    return std::max(0.0, lr * l4->last_scale());
  }
  return lr;
}

void Langevin::after_step() {
  for_each([&](size_t group, const at::Tensor& parameter, uint64_t number) {
    if (parameter.grad().defined()) {
      parameter.add_(normal(parameter, number), std::sqrt(2 * rate(group) * temperature_));
    }
  });
}

PerturbedDescent::PerturbedDescent(Optimizer& optimizer, double radius, double threshold,
                                   int64_t interval, uint64_t seed)
    : Perturbation(optimizer, seed), radius_(radius), threshold_(threshold), interval_(interval) {
  require_at_least("radius", radius, 0.0);
  require_at_least("threshold", threshold, 0.0);
  require_at_least("interval", interval, 0);
}

void PerturbedDescent::last_perturbation(int64_t step) {
  require_at_least("last_perturbation", step, -1);
  last_ = step;
}

torch::Tensor PerturbedDescent::step(LossClosure closure) {
  const StepGuard::Scope scope(step_guard());
  if (!closure) reject("a step of perturbed descent requires a closure that returns the loss");
  torch::Tensor loss;
  {
    at::AutoGradMode with_gradients(true);
    loss = closure();
  }
  at::NoGradGuard no_grad;
  double squares = 0;
  std::vector<std::pair<at::Tensor, at::Tensor>> before;
  for_each([&](size_t, const at::Tensor& parameter, uint64_t) {
    const at::Tensor& gradient = parameter.grad();
    if (gradient.defined()) squares += gradient.to(at::kDouble).square().sum().item<double>();
  });
  const bool rested = last_ < 0 || steps() - last_ > interval_;
  if (!rested || !(std::sqrt(squares) <= threshold_)) {
    // The gradients of this point are known; only a further evaluation computes new ones.
    bool known = true;
    loss = optimizer().step([&] {
      if (std::exchange(known, false)) return loss;
      return closure();
    });
    complete();
    return loss;
  }
  for_each([&](size_t, const at::Tensor& parameter, uint64_t) {
    before.emplace_back(parameter, parameter.detach().clone());
  });
  try {
    perturb();
    at::AutoGradMode with_gradients(true);
    loss = optimizer().step(std::move(closure));
  } catch (...) {
    for (const auto& [parameter, values] : before) parameter.detach().copy_(values);
    throw;
  }
  last_ = steps();
  complete();
  return loss;
}

void PerturbedDescent::perturb() {
  // A normal vector has a uniform direction; scaled to the length of a uniform point of the ball.
  std::map<uint64_t, at::Tensor> directions;
  double squares = 0;
  int64_t dimension = 0;
  uint64_t count = 0;
  for_each([&](size_t, const at::Tensor& parameter, uint64_t number) {
    count = number + 1;
    if (!parameter.grad().defined()) return;
    const at::Tensor& direction = directions[number] = normal(parameter, number);
    squares += direction.to(at::kDouble).square().sum().item<double>();
    dimension += parameter.numel();
  });
  if (squares == 0) return;
  const double u = uniform(1, at::kCPU, steps(), count).item<double>();
  const double length = radius_ * std::pow(u, 1 / static_cast<double>(dimension));
  for_each([&](size_t, const at::Tensor& parameter, uint64_t number) {
    const auto direction = directions.find(number);
    if (direction != directions.end()) {
      parameter.add_(direction->second, length / std::sqrt(squares));
    }
  });
}

Alrao::Alrao(Optimizer& optimizer, double min, double max, uint64_t seed)
    : Perturbation(optimizer, seed), log_min_(std::log(min)), log_max_(std::log(max)) {
  require_positive("min", min);
  require_at_least("max", max, min);
}

at::Tensor Alrao::draw(const at::Tensor& parameter, uint64_t number) const {
  const int64_t features = parameter.dim() == 0 ? 1 : parameter.size(0);
  // Drawn once, as step 0.
  return uniform(features, parameter.device(), 0, number)
      .mul_(log_max_ - log_min_)
      .add_(log_min_)
      .exp_();
}

at::Tensor Alrao::factors(uint64_t wanted) const {
  uint64_t owner = 0;
  at::Tensor previous, found;
  for_each([&](size_t, const at::Tensor& parameter, uint64_t number) {
    const bool shares = previous.defined() && parameter.dim() == 1 && previous.dim() > 0 &&
                        parameter.size(0) == previous.size(0);
    if (!shares) owner = number;
    if (number == wanted) found = draw(parameter, owner);
    previous = parameter;
  });
  if (!found.defined())
    throw std::out_of_range(text("parameter number ", wanted, " does not exist"));
  return found;
}

void Alrao::change_gradients() {
  if (!before_.empty()) {
    for_each([&](size_t, const at::Tensor& parameter, uint64_t) {
      const auto before = before_.find(parameter.unsafeGetTensorImpl());
      if (before != before_.end()) parameter.copy_(before->second);
    });
    throw std::logic_error("Alrao supports only optimizers that evaluate the loss once a step");
  }
  for_each([&](size_t, const at::Tensor& parameter, uint64_t) {
    before_[parameter.unsafeGetTensorImpl()] = parameter.detach().clone();
  });
}

void Alrao::after_step() {
  for_each([&](size_t, const at::Tensor& parameter, uint64_t number) {
    const auto before = before_.find(parameter.unsafeGetTensorImpl());
    if (before == before_.end()) return;
    at::Tensor factor = factors(number).to(parameter.scalar_type());
    if (parameter.dim() > 1) {
      std::vector<int64_t> shape(static_cast<size_t>(parameter.dim()), 1);
      shape[0] = parameter.size(0);
      factor = factor.view(shape);
    } else if (parameter.dim() == 0) {
      factor = factor.squeeze(0);
    }
    const at::Tensor update = parameter.sub(before->second).mul_(factor);
    parameter.copy_(before->second.add(update));
  });
}

void Alrao::end_step() noexcept { before_.clear(); }

}  // namespace noisylr
