#include "noisylr/l4.h"

#include <ATen/core/grad_mode.h>
#include <torch/optim/serialize.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "check.h"
#include "groups.h"
#include "l4_state.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Rejects settings outside their intervals, except alpha, which schedulers and noise change.
void check_settings(const L4Options& options) {
  require(options.minloss_factor() >= 0 && options.minloss_factor() <= 1, "minloss_factor",
          options.minloss_factor(), "in [0, 1]");
  require(options.init_factor() > 0 && options.init_factor() <= 1, "init_factor",
          options.init_factor(), "in (0, 1]");
  require_positive("forget_time", options.forget_time());
  require_positive("eps", options.eps());
  require(options.momentum() >= 0 && options.momentum() < 1, "momentum", options.momentum(),
          "in [0, 1)");
  require(options.beta2() >= 0 && options.beta2() < 1, "beta2", options.beta2(), "in [0, 1)");
  require_positive("adam_eps", options.adam_eps());
}

/// The mean of exponentially decaying weights, corrected for its start at 0.
at::Tensor corrected(const at::Tensor& mean, double decay, int64_t step) {
  return mean / (1 - std::pow(decay, static_cast<double>(step)));
}

}  // namespace

L4Options::L4Options(double fraction) : fraction_(fraction) {}

double L4Options::get_lr() const { return fraction(); }

void L4Options::set_lr(const double lr) { fraction(lr); }

void L4Options::serialize(OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(fraction);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(minloss_factor);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(init_factor);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(forget_time);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(eps);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(momentum);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(beta2);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(adam_eps);
}

void L4Options::serialize(InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, fraction);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, minloss_factor);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, init_factor);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, forget_time);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, eps);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, momentum);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, beta2);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, adam_eps);
}

void L4ParamState::serialize(OutputArchive& archive) const {
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(step);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(min_loss);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(exp_avg);
  _TORCH_OPTIM_SERIALIZE_TORCH_ARG(exp_avg_sq);
}

void L4ParamState::serialize(InputArchive& archive) {
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(int64_t, step);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(double, min_loss);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(torch::Tensor, exp_avg);
  _TORCH_OPTIM_DESERIALIZE_TORCH_ARG(torch::Tensor, exp_avg_sq);
}

void check_l4_options(const L4Options& options) {
  require_at_least("fraction", options.fraction(), 0.0);
  check_settings(options);
}

void check_l4_state(const L4& optimizer, const std::string& where, const L4ParamState& state) {
  if (!std::isfinite(state.min_loss())) {
    reject("state ", where, "min_loss must be finite, but is ", shortest(state.min_loss()));
  }
  if (state.exp_avg_sq().defined() != optimizer.adaptive()) {
    reject("state ", where, "exp_avg_sq ",
           optimizer.adaptive() ? "is missing" : "is unknown to the optimizer");
  }
}

L4::L4(const std::vector<torch::optim::OptimizerParamGroup>& groups, const L4Options& defaults,
       bool adaptive)
    : Optimizer(std::vector<torch::optim::OptimizerParamGroup>{},
                std::make_unique<L4Options>(defaults)),
      adaptive_(adaptive),
      last_scale_(std::numeric_limits<double>::quiet_NaN()) {
  check_l4_options(defaults);
  param_groups_.reserve(kGroupCapacity);
  for (const auto& group : groups) add_param_group(group);
}

void L4::add_param_group(const torch::optim::OptimizerParamGroup& group) {
  const L4Options* own = nullptr;
  if (group.has_options()) {
    own = dynamic_cast<const L4Options*>(&group.options());
    if (!own) reject("the options of a parameter group of L4 must be L4Options");
    check_l4_options(*own);
  }
  Optimizer::add_param_group(group);
  // LibTorch keeps a group's own options only for its own optimizers.
  if (own) param_groups_.back().set_options(std::make_unique<L4Options>(*own));
}

torch::Tensor L4::step(LossClosure closure) {
  const StepGuard::Scope step(step_guard_);
  if (!closure) reject("a step of L4 requires a closure that returns the loss");
  torch::Tensor loss;
  {
    at::AutoGradMode with_gradients(true);
    loss = closure();
  }
  track_parameters();
  at::NoGradGuard no_grad;
  const double value = loss.item<double>();
  if (!std::isfinite(value) || param_groups_.empty()) return loss;
  const auto& settings = options_of<L4Options>(param_groups_, 0);
  check_settings(settings);

  // Everything is computed before anything changes.
  struct Update {
    at::Tensor parameter, mean, square, direction;
    double fraction;
    int64_t step;
  };
  std::vector<Update> updates;
  at::Tensor inner;
  double min_loss = kInf;
  for (size_t group = 0; group < param_groups_.size(); ++group) {
    const auto& options = options_of<L4Options>(param_groups_, group);
    for (const at::Tensor& parameter : param_groups_[group].params()) {
      const auto slot = state_.find(parameter.unsafeGetTensorImpl());
      const auto* state = slot == state_.end() || !slot->second
                              ? nullptr
                              : static_cast<const L4ParamState*>(slot->second.get());
      if (state) min_loss = std::min(min_loss, state->min_loss());
      const at::Tensor& gradient = parameter.grad();
      if (!gradient.defined()) continue;
      Update update{.parameter = parameter,
                    .mean = {},
                    .square = {},
                    .direction = {},
                    .fraction = options.fraction(),
                    .step = state ? state->step() + 1 : 1};
      const double fresh = 1 - settings.momentum();
      update.mean = state ? at::add(state->exp_avg() * settings.momentum(), gradient, fresh)
                          : gradient * fresh;
      const at::Tensor g = corrected(update.mean, settings.momentum(), update.step);
      update.direction = g;
      if (adaptive_) {
        const double fresh_square = 1 - settings.beta2();
        update.square = gradient.square() * fresh_square;
        if (state) update.square.add_(state->exp_avg_sq(), settings.beta2());
        update.direction = g / (corrected(update.square, settings.beta2(), update.step).sqrt_() +
                                settings.adam_eps());
      }
      // Products of half floats could overflow.
      const auto type = at::promote_types(parameter.scalar_type(), at::kFloat);
      const at::Tensor product = (g.to(type) * update.direction.to(type)).sum(at::kDouble);
      inner = inner.defined() ? inner + product.to(inner.device()) : product;
      updates.push_back(std::move(update));
    }
  }
  if (updates.empty()) return loss;
  const double reached =
      min_loss < kInf ? std::min(min_loss, value) : settings.init_factor() * value;
  const double scale =
      (value - settings.minloss_factor() * reached) / (inner.item<double>() + settings.eps());

  last_scale_ = scale;
  for (Update& update : updates) {
    auto& slot = state_[update.parameter.unsafeGetTensorImpl()];
    if (!slot) slot = std::make_unique<L4ParamState>();
    auto& state = static_cast<L4ParamState&>(*slot);
    state.step(update.step);
    state.exp_avg(std::move(update.mean));
    if (adaptive_) state.exp_avg_sq(std::move(update.square));
    update.parameter.sub_(update.direction, update.fraction * scale);
  }
  for (auto& [parameter, slot] : state_) {
    if (slot) {
      static_cast<L4ParamState&>(*slot).min_loss((1 + 1 / settings.forget_time()) * reached);
    }
  }
  return loss;
}

void L4::save(OutputArchive& archive) const {
  check_options<L4Options>(param_groups_);
  torch::optim::serialize<L4ParamState, L4Options>(archive, *this);
}

void L4::load(InputArchive& archive) {
  load_or_leave<L4Options>(*this, archive, [&] {
    state_.clear();
    torch::optim::serialize<L4ParamState, L4Options>(archive, *this);
    for (const auto& [parameter, slot] : state_) {
      if (slot) check_l4_state(*this, "", static_cast<const L4ParamState&>(*slot));
    }
    if (!param_groups_.empty()) check_settings(options_of<L4Options>(param_groups_, 0));
  });
  track_parameters();
}

void L4::close() {
  const StepGuard::Scope closing(step_guard_, "close()");
  release_tensors(*this);
}

}  // namespace noisylr
