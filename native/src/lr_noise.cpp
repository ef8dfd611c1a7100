#include "noisylr/lr_noise.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "check.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

constexpr const char* kArchive = "noisylr";

c10::IValue read(InputArchive& archive, const std::string& key,
                 bool (c10::IValue::*has_type)() const, const char* type) {
  c10::IValue value;
  if (!archive.try_read(key, value) || !(value.*has_type)()) {
    reject("the archive's noisylr.", key, " is missing or not ", type);
  }
  return value;
}

int64_t read_integer(InputArchive& archive, const std::string& key) {
  return read(archive, key, &c10::IValue::isInt, "an integer").toInt();
}

double read_real(InputArchive& archive, const std::string& key) {
  return read(archive, key, &c10::IValue::isDouble, "a floating-point number").toDouble();
}

Distribution read_distribution(InputArchive& archive) {
  const int64_t value = read_integer(archive, "distribution");
  const auto distribution = static_cast<Distribution>(value);
  if (static_cast<int64_t>(distribution) != value) {
    reject("distribution must be in {0, 1, 2}, but is ", value);
  }
  return distribution;
}

bool read_flag(InputArchive& archive, const std::string& key) {
  return read(archive, key, &c10::IValue::isBool, "a Boolean").toBool();
}

}  // namespace

/// A step is in progress while this object exists; its destructor restores the base rates.
class LrNoise::Scope {
 public:
  Scope(LrNoise& noise, Optimizer& optimizer)
      : step_(noise.step_guard_), noise_(noise), optimizer_(optimizer) {}

  ~Scope() { restore(); }

  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  void apply() {
    auto& groups = optimizer_.param_groups();
    noise_.base_.resize(groups.size());
    noise_.current_.resize(groups.size());
    noise_.realised_.reserve(groups.size());
    for (; applied_ < groups.size(); ++applied_) {
      auto& options = groups[applied_].options();
      const double base = options.get_lr();
      const double lr = realised(noise_.noise_, base, noise_.epoch_, noise_.steps_, applied_);
      options.set_lr(lr);
      noise_.base_[applied_] = base;
      noise_.current_[applied_] = lr;
    }
  }

  void restore() noexcept {
    auto& groups = optimizer_.param_groups();
    const size_t known = std::min(applied_, groups.size());
    for (size_t i = 0; i < known; ++i) groups[i].options().set_lr(noise_.base_[i]);
    applied_ = 0;
  }

  void complete() noexcept {
    noise_.realised_.assign(noise_.current_.begin(), noise_.current_.end());
    ++noise_.steps_;
  }

 private:
  StepGuard::Scope step_;
  LrNoise& noise_;
  Optimizer& optimizer_;
  size_t applied_ = 0;
};

LrNoise::LrNoise(const NoiseSpec& noise) : noise_(noise) { noise_.validate(); }

LrNoise::~LrNoise() = default;

void LrNoise::noise(const NoiseSpec& noise) {
  noise.validate();
  noise_ = noise;
}

void LrNoise::epoch(int64_t epoch) {
  require_at_least("epoch", epoch, 0);
  epoch_ = epoch;
}

void LrNoise::steps(int64_t steps) {
  require_at_least("steps", steps, 0);
  steps_ = steps;
}

void LrNoise::close() { StepGuard::Scope(step_guard_, "close()"); }

double LrNoise::realised_lr(size_t group) const {
  if (realised_.empty()) {
    throw std::logic_error("there is no realised learning rate before the first step");
  }
  if (group >= realised_.size()) {
    throw std::out_of_range(
        text("group must be in [0, ", realised_.size() - 1, "], but is ", group));
  }
  return realised_[group];
}

at::Tensor LrNoise::noisy_step(Optimizer& optimizer, LossClosure closure, StepFunction base_step) {
  Scope scope(*this, optimizer);
  scope.apply();
  LossClosure on_base_rates;
  if (closure) {
    // Two references fit into std::function without a heap allocation.
    on_base_rates = [&scope, &closure] {
      scope.restore();
      at::Tensor loss = closure();
      scope.apply();
      return loss;
    };
  }
  at::Tensor loss = base_step(optimizer, std::move(on_base_rates));
  scope.complete();
  return loss;
}

void LrNoise::save_noise(OutputArchive& archive) const {
  if (noise_.distribution == Distribution::kNone) return;
  OutputArchive nested(archive.compilation_unit());
  const auto write = [&nested](const std::string& key, const c10::IValue& value) {
    nested.write(key, value);
  };
  write("distribution", static_cast<int64_t>(noise_.distribution));
  write("alpha", noise_.alpha);
  write("mean", noise_.mean);
  write("std", noise_.std);
  write("first_epoch", noise_.first_epoch);
  write("min_lr", noise_.min_lr);
  write("max_lr", noise_.max_lr);
  write("per_step", noise_.per_step);
  write("independent_groups", noise_.independent_groups);
  write("seed", std::bit_cast<int64_t>(noise_.seed));
  write("epoch", epoch_);
  write("steps", steps_);
  archive.write(kArchive, nested);
}

void LrNoise::load_noise(Optimizer& optimizer, InputArchive& archive,
                         void (*base_load)(Optimizer&, InputArchive&)) {
  InputArchive nested;
  if (!archive.try_read(kArchive, nested)) {
    base_load(optimizer, archive);
    return;
  }
  const NoiseSpec noise{.distribution = read_distribution(nested),
                        .alpha = read_real(nested, "alpha"),
                        .mean = read_real(nested, "mean"),
                        .std = read_real(nested, "std"),
                        .first_epoch = read_integer(nested, "first_epoch"),
                        .min_lr = read_real(nested, "min_lr"),
                        .max_lr = read_real(nested, "max_lr"),
                        .per_step = read_flag(nested, "per_step"),
                        .independent_groups = read_flag(nested, "independent_groups"),
                        .seed = std::bit_cast<uint64_t>(read_integer(nested, "seed"))};
  const int64_t saved_epoch = read_integer(nested, "epoch");
  const int64_t saved_steps = read_integer(nested, "steps");
  noise.validate();
  require_at_least("epoch", saved_epoch, 0);
  require_at_least("steps", saved_steps, 0);
  base_load(optimizer, archive);
  noise_ = noise;
  epoch_ = saved_epoch;
  steps_ = saved_steps;
}

}  // namespace noisylr
