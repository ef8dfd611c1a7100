#include "noisylr/noise.h"

#include <ATen/core/PhiloxRNGEngine.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "check.h"

namespace noisylr {
namespace {

/// A number strictly between 0 and 1: 2^53 − 1 and a half would round up to 2^53.
double unit(uint32_t high, uint32_t low) noexcept {
  const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
  return std::min((static_cast<double>(bits) + 0.5) * 0x1p-53, 0x1.fffffffffffffp-1);
}

bool noisy(const NoiseSpec& spec, int64_t epoch) noexcept {
  return epoch >= spec.first_epoch && spec.distribution != Distribution::kNone;
}

}  // namespace

NoiseSpec NoiseSpec::uniform(double alpha) {
  require_positive("alpha", alpha);
  return uniform(0, alpha);
}

NoiseSpec NoiseSpec::uniform(double low, double high) {
  NoiseSpec spec{.distribution = Distribution::kUniform, .low = low, .high = high};
  spec.validate();
  return spec;
}

NoiseSpec NoiseSpec::log_uniform(double low, double high) {
  NoiseSpec spec{.distribution = Distribution::kLogUniform, .low = low, .high = high};
  spec.validate();
  return spec;
}

NoiseSpec NoiseSpec::gaussian(double mean, double std) {
  NoiseSpec spec{.distribution = Distribution::kGaussian, .mean = mean, .std = std};
  spec.validate();
  return spec;
}

void NoiseSpec::validate() const {
  switch (distribution) {
    case Distribution::kNone:
      break;
    case Distribution::kUniform:
      require_at_least("low", low, 0.0);
      require_greater("high", high, low);
      break;
    case Distribution::kLogUniform:
      require_positive("low", low);
      require_greater("high", high, low);
      break;
    case Distribution::kGaussian:
      require_finite("mean", mean);
      require_positive("std", std);
      break;
    default:
      reject("distribution must be in {0, 1, 2, 3}, but is ", static_cast<int>(distribution));
  }
  require_at_least("first_epoch", first_epoch, 0);
  require_at_least("min_lr", min_lr, 0.0);
  require(max_lr >= min_lr, "max_lr", max_lr, "at least " + shortest(min_lr));
  require_at_least("steps_per_epoch", steps_per_epoch, 0);
}

int64_t first_noisy_epoch(double beta, int64_t epochs) {
  require(beta >= 0 && beta <= 1, "beta", beta, "in [0, 1]");
  require_at_least("epochs", epochs, 1);
  const auto length = static_cast<double>(epochs);
  return std::max<int64_t>(0,
                           static_cast<int64_t>(std::ceil((1 - beta) * length - length * 0x1p-50)));
}

std::array<uint32_t, 4> philox(uint64_t seed, uint64_t counter, uint64_t subsequence) noexcept {
  at::Philox4_32 engine(seed, subsequence, counter);
  std::array<uint32_t, 4> words;
  for (uint32_t& word : words) word = engine();
  return words;
}

double factor(const NoiseSpec& spec, int64_t epoch, int64_t step, uint64_t group) noexcept {
  if (!noisy(spec, epoch)) return 1;
  const auto counter = static_cast<uint64_t>(spec.per_step ? step : epoch);
  const auto w = philox(spec.seed, counter, spec.independent_groups ? group : 0);
  const double p = unit(w[0], w[1]);
  if (spec.distribution == Distribution::kUniform) return spec.low + (spec.high - spec.low) * p;
  if (spec.distribution == Distribution::kLogUniform) {
    const double start = std::log(spec.low);
    return std::exp(start + (std::log(spec.high) - start) * p);
  }
  const double angle = 2 * std::numbers::pi * unit(w[2], w[3]);
  return spec.mean + spec.std * (std::sqrt(-2 * std::log(p)) * std::cos(angle));
}

double realised(const NoiseSpec& spec, double base_lr, int64_t epoch, int64_t step,
                uint64_t group) noexcept {
  if (!noisy(spec, epoch)) return base_lr;
  const double lr = base_lr * factor(spec, epoch, step, group);
  // Not std::clamp: −0 must become min_lr's +0, as in Java, and NaN must stay.
  return lr <= spec.min_lr ? spec.min_lr : lr >= spec.max_lr ? spec.max_lr : lr;
}

}  // namespace noisylr
