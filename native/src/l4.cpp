#include "noisylr/l4.h"

#include <ATen/core/grad_mode.h>
#include <torch/optim/serialize.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "check.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

constexpr double kInf = std::numeric_limits<double>::infinity();

void check(const L4Options& options) {
  const auto positive = [](const char* field, double value) {
    require(value > 0 && value < kInf, field, value, "(0, inf)");
  };
  require(options.fraction() >= 0 && options.fraction() < kInf, "fraction", options.fraction(),
          "[0, inf)");
  require(options.minloss_factor() >= 0 && options.minloss_factor() <= 1, "minloss_factor",
          options.minloss_factor(), "[0, 1]");
  require(options.init_factor() > 0 && options.init_factor() <= 1, "init_factor",
          options.init_factor(), "(0, 1]");
  positive("forget_time", options.forget_time());
  positive("eps", options.eps());
  require(options.momentum() >= 0 && options.momentum() < 1, "momentum", options.momentum(),
          "[0, 1)");
  require(options.beta2() >= 0 && options.beta2() < 1, "beta2", options.beta2(), "[0, 1)");
  positive("adam_eps", options.adam_eps());
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

L4::L4(const std::vector<torch::optim::OptimizerParamGroup>& groups, const L4Options& defaults,
       bool adaptive)
    : Optimizer(groups, std::make_unique<L4Options>(defaults)),
      adaptive_(adaptive),
      last_scale_(std::numeric_limits<double>::quiet_NaN()) {
  for (size_t g = 0; g < groups.size(); ++g) {
    // LibTorch takes over a group's own options for optimizers that it knows, and loses all others.
    if (groups[g].has_options()) {
      const torch::optim::OptimizerOptions& own = groups[g].options();
      param_groups_[g].set_options(own.clone());
    }
    check(static_cast<L4Options&>(param_groups_[g].options()));
  }
}

torch::Tensor L4::step(LossClosure closure) {
  if (!closure) refuse("a step of L4 needs a closure that returns the loss");
  torch::Tensor loss;
  {
    at::AutoGradMode with_gradients(true);
    loss = closure();
  }
  at::NoGradGuard no_grad;
  const double value = loss.item<double>();
  const auto& settings = static_cast<const L4Options&>(param_groups_.at(0).options());

  struct Direction {
    at::Tensor parameter, v;
    double fraction;
    L4ParamState* state;
  };
  std::vector<Direction> directions;
  at::Tensor inner;
  // A parameter that joins later has a step of its own; the least loss is that of all.
  std::optional<double> min_loss;
  for (auto& group : param_groups_) {
    const auto& options = static_cast<const L4Options&>(group.options());
    for (const at::Tensor& parameter : group.params()) {
      const at::Tensor& gradient = parameter.grad();
      if (!gradient.defined()) continue;
      auto& slot = state_[parameter.unsafeGetTensorImpl()];
      if (!slot) {
        auto fresh = std::make_unique<L4ParamState>();
        fresh->exp_avg(at::zeros_like(parameter, at::MemoryFormat::Preserve));
        if (adaptive_) fresh->exp_avg_sq(at::zeros_like(parameter, at::MemoryFormat::Preserve));
        slot = std::move(fresh);
      }
      auto& state = static_cast<L4ParamState&>(*slot);
      if (state.step() > 0 && !min_loss) min_loss = state.min_loss();
      state.step(state.step() + 1);
      state.exp_avg().mul_(settings.momentum()).add_(gradient, 1 - settings.momentum());
      const at::Tensor g = corrected(state.exp_avg(), settings.momentum(), state.step());
      at::Tensor v = g;
      if (adaptive_) {
        state.exp_avg_sq()
            .mul_(settings.beta2())
            .addcmul_(gradient, gradient, 1 - settings.beta2());
        v = g / (corrected(state.exp_avg_sq(), settings.beta2(), state.step()).sqrt_() +
                 settings.adam_eps());
      }
      const at::Tensor product = (g * v).sum().to(at::kDouble);
      inner = inner.defined() ? inner + product.to(inner.device()) : product;
      directions.push_back({parameter, v, options.fraction(), &state});
    }
  }
  if (directions.empty()) return loss;
  const double reached = min_loss ? std::min(*min_loss, value) : settings.init_factor() * value;
  last_scale_ =
      (value - settings.minloss_factor() * reached) / (inner.item<double>() + settings.eps());
  for (const Direction& direction : directions) {
    direction.parameter.sub_(direction.v, direction.fraction * last_scale_);
    direction.state->min_loss((1 + 1 / settings.forget_time()) * reached);
  }
  return loss;
}

void L4::save(OutputArchive& archive) const {
  torch::optim::serialize<L4ParamState, L4Options>(archive, *this);
}

void L4::load(InputArchive& archive) {
  torch::optim::serialize<L4ParamState, L4Options>(archive, *this);
}

}  // namespace noisylr
