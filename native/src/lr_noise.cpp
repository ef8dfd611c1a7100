#include "noisylr/lr_noise.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "check.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

constexpr const char* kArchive = "noisylr";

/// Returns a Boolean, a floating-point number or an integer of 64 bits.
template <class Field>
Field read(InputArchive& archive, const std::string& key) {
  c10::IValue value;
  archive.try_read(key, value);  // leaves it empty if there is none
  const char* type = "an integer";
  if constexpr (std::is_same_v<Field, bool>) {
    if (value.isBool()) return value.toBool();
    type = "a Boolean";
  } else if constexpr (std::is_same_v<Field, double>) {
    if (value.isDouble()) return value.toDouble();
    type = "a floating-point number";
  } else if (value.isInt()) {
    return value.toInt();
  }
  reject("the archive's noisylr.", key, " is missing or not ", type);
}

/// Calls visit(name, field) for each field of one or more specifications.
template <class Visit, class... Spec>
void for_each_field(Visit visit, Spec&... spec) {
  visit("distribution", spec.distribution...);
  visit("low", spec.low...);
  visit("high", spec.high...);
  visit("mean", spec.mean...);
  visit("std", spec.std...);
  visit("first_epoch", spec.first_epoch...);
  visit("min_lr", spec.min_lr...);
  visit("max_lr", spec.max_lr...);
  visit("per_step", spec.per_step...);
  visit("independent_groups", spec.independent_groups...);
  visit("seed", spec.seed...);
  visit("steps_per_epoch", spec.steps_per_epoch...);
}

/// A field as an archive holds it: integers have 64 bits and a sign.
template <class Field>
auto archived(Field field) {
  if constexpr (std::is_same_v<Field, bool> || std::is_same_v<Field, double>) {
    return field;
  } else {
    return static_cast<int64_t>(field);
  }
}

std::string shown(double value) { return shortest(value); }
std::string shown(int64_t value) { return std::to_string(value); }
std::string shown(bool value) { return value ? "true" : "false"; }

template <class Field>
std::string shown_field(Field field) {
  if constexpr (std::is_same_v<Field, Distribution>) {
    constexpr std::array<const char*, 4> names{"none", "uniform", "gaussian", "log-uniform"};
    return names.at(static_cast<size_t>(field));
  } else {
    return shown(archived(field));
  }
}

/// Whether a distribution has a field of a specification; all have the fields that are no
/// parameter.
bool has_field(Distribution distribution, std::string_view name) {
  if (name == "low" || name == "high") {
    return distribution == Distribution::kUniform || distribution == Distribution::kLogUniform;
  }
  return (name != "mean" && name != "std") || distribution == Distribution::kGaussian;
}

NoiseSpec read_noise(InputArchive& archive) {
  NoiseSpec noise;
  for_each_field(
      [&archive](const char* name, auto& field) {
        const auto value = read<decltype(archived(field))>(archive, name);
        field = static_cast<std::remove_reference_t<decltype(field)>>(value);
        if (archived(field) != value) reject(name, " is out of range: ", shown(value));
      },
      noise);
  noise.validate();
  return noise;
}

/// `high is 8 in the archive, but 4 in the optimizer; seed is ...`; empty if they are the same
/// noise.
std::string difference(const NoiseSpec& saved, const NoiseSpec& current) {
  std::string difference;
  for_each_field(
      [&](const char* name, const auto& there, const auto& here) {
        if (there != here && has_field(saved.distribution, name) &&
            has_field(current.distribution, name)) {
          difference += text(difference.empty() ? "" : "; ", name, " is ", shown_field(there),
                             " in the archive, but ", shown_field(here), " in the optimizer");
        }
      },
      saved, current);
  return difference;
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
      const double lr = realised(noise_.noise_, base, noise_.epoch(), noise_.steps_, applied_);
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
  if (noise_.steps_per_epoch > 0 && noise.steps_per_epoch == 0) epoch_ = epoch();
  noise_ = noise;
}

int64_t LrNoise::epoch() const noexcept {
  const int64_t length = noise_.steps_per_epoch;
  return length > 0 ? steps_ / length : std::max<int64_t>(epoch_, 0);
}

void LrNoise::epoch(int64_t epoch) {
  require_at_least("epoch", epoch, 0);
  const int64_t length = noise_.steps_per_epoch;
  if (length > 0) {
    const int64_t last = std::numeric_limits<int64_t>::max() / length;
    if (epoch > last) reject("epoch must be at most ", last, ", but is ", epoch);
    steps_ = epoch * length;
  } else {
    epoch_ = epoch;
  }
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
  if (noise_.depends_on_epoch() && noise_.steps_per_epoch == 0 && epoch_ == kUnknown) {
    throw std::logic_error(
        "the noise depends on the epoch, which is unknown: call epoch(e) in each epoch, or give "
        "the "
        "noise stepsPerEpoch(n) (in C++, steps_per_epoch)");
  }
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
  at::Tensor loss = base_step(std::move(on_base_rates));
  scope.complete();
  return loss;
}

void LrNoise::save_noise(OutputArchive& archive) const {
  if (noise_.distribution == Distribution::kNone) return;
  OutputArchive nested(archive.compilation_unit());
  for_each_field([&nested](const char* name,
                           const auto& field) { nested.write(name, c10::IValue(archived(field))); },
                 noise_);
  nested.write("epoch", c10::IValue(epoch_));
  nested.write("steps", c10::IValue(steps_));
  archive.write(kArchive, nested);
}

void LrNoise::load_noise(Optimizer& optimizer, InputArchive& archive,
                         void (*base_load)(Optimizer&, InputArchive&)) {
  InputArchive nested;
  if (!archive.try_read(kArchive, nested)) {
    base_load(optimizer, archive);
    return;
  }
  const NoiseSpec noise = read_noise(nested);
  const int64_t saved_epoch = read<int64_t>(nested, "epoch");
  const int64_t saved_steps = read<int64_t>(nested, "steps");
  require_at_least("epoch", saved_epoch, kUnknown);
  require_at_least("steps", saved_steps, 0);
  const std::string other = difference(noise, noise_);
  if (noise_.distribution != Distribution::kNone && !other.empty()) {
    reject("the archive has other noise than the optimizer: ", other,
           "; load it into an optimizer without noise, then set the noise");
  }
  base_load(optimizer, archive);
  noise_ = noise;
  epoch_ = saved_epoch;
  steps_ = saved_steps;
}

}  // namespace noisylr
