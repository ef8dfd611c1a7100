/// @file
/// Learning-rate noise as a pure function of (seed, epoch, step, group).
#pragma once

#include <noisylr/export.h>

#include <array>
#include <cstdint>
#include <limits>

namespace noisylr {

/// The distribution of the factor f by which a noisy epoch multiplies the learning rate.
enum class Distribution {
  kNone,        ///< f = 1: no noise, and nothing is clamped
  kUniform,     ///< f = low + (high − low)·p, p ~ U(0, 1); the paper's noise is that on (0, α)
  kGaussian,    ///< f ~ N(mean, std)
  kLogUniform,  ///< f = exp(ln low + (ln high − ln low)·p), p ~ U(0, 1)
};

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Learning-rate noise, completely specified. With base learning rate η ("random learning rate",
/// IJCAI 2019, section 3):
///
///     η′ = η                           before first_epoch
///     η′ = clamp(η·f, min_lr, max_lr)  from first_epoch on
///
/// An aggregate: its fields can be set freely and are checked by validate().
struct NoiseSpec {
  Distribution distribution = Distribution::kNone;
  double low = 0;                   ///< [0, high) for uniform noise, (0, high) for log-uniform
  double high = 8;                  ///< in (low, inf)
  double mean = 4;                  ///< mean of Gaussian noise, finite
  double std = 1;                   ///< standard deviation of Gaussian noise, in (0, inf)
  int64_t first_epoch = 0;          ///< first noisy epoch, zero-based, in [0, inf)
  double min_lr = 0;                ///< least realised rate in noisy epochs, in [0, inf)
  double max_lr = kInfinity;        ///< greatest realised rate in noisy epochs, in [min_lr, inf]
  bool per_step = false;            ///< a new draw in each step instead of in each epoch
  bool independent_groups = false;  ///< a draw for each parameter group instead of one for all
  uint64_t seed = 0;                ///< all 64 bits count; neighbouring seeds are independent
  int64_t steps_per_epoch = 0;      ///< an optimizer counts its epochs by it; 0: the program does

  /// No noise.
  static NoiseSpec none();

  /// Noise alpha·U(0, 1) in every epoch, one draw per epoch for all groups, not clamped, seed 0.
  /// @param alpha in (0, inf)
  /// @throws std::invalid_argument if alpha is outside its interval
  NOISYLR_API static NoiseSpec uniform(double alpha);

  /// Noise U(low, high) in every epoch, one draw per epoch for all groups, not clamped, seed 0.
  /// @throws std::invalid_argument if an end is outside its interval
  NOISYLR_API static NoiseSpec uniform(double low, double high);

  /// Log-uniform noise in every epoch, one draw per epoch for all groups, not clamped, seed 0.
  /// @throws std::invalid_argument if an end is outside its interval
  NOISYLR_API static NoiseSpec log_uniform(double low, double high);

  /// Gaussian noise in every epoch, one draw per epoch for all groups, seed 0; rates below 0
  /// become 0.
  /// @throws std::invalid_argument if mean or std is outside its interval
  NOISYLR_API static NoiseSpec gaussian(double mean, double std);

  /// Whether the factor of a step depends on its epoch: by the draw, or by the window.
  bool depends_on_epoch() const noexcept {
    return distribution != Distribution::kNone && (!per_step || first_epoch > 0);
  }

  /// Checks every field that the distribution uses.
  /// @throws std::invalid_argument that names field, value and allowed interval
  NOISYLR_API void validate() const;

  bool operator==(const NoiseSpec&) const = default;
};

inline NoiseSpec NoiseSpec::none() { return {}; }

/// The first noisy epoch ⌈(1 − β)·S⌉ of a run of S epochs, zero-based; S itself when none is noisy.
///
/// In doubles (1 − β)·S is up to a few units of 2⁻⁵³·S off, so that (1 − 0.7)·10 ends above 3 and
/// would move the window by an epoch. The result is therefore max(0, ⌈(1 − β)·S − S·2⁻⁵⁰⌉).
///
/// @param beta the fraction β of noisy epochs, in [0, 1]
/// @param epochs the number S of epochs, in [1, inf)
/// @throws std::invalid_argument if an argument is outside its interval
NOISYLR_API int64_t first_noisy_epoch(double beta, int64_t epochs);

/// The four words of one block of Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3", SC 2011): those of at::Philox4_32(seed, subsequence, counter).
NOISYLR_API std::array<uint32_t, 4> philox(uint64_t seed, uint64_t counter,
                                           uint64_t subsequence) noexcept;

/// The factor f: 1 before the first noisy epoch and without noise, else the draw.
///
/// With words w = philox(seed, epoch or step, 0 or group) and
/// p(a, b) = (⌊(a·2³² + b) / 2¹¹⌋ + ½)·2⁻⁵³, which lies strictly between 0 and 1:
///
///     uniform      f = low + (high − low)·p(w0, w1)
///     log-uniform  f = exp(ln low + (ln high − ln low)·p(w0, w1))
///     Gaussian     f = mean + std·√(−2 ln p(w0, w1))·cos(2π·p(w2, w3))    (Box and Muller)
///
/// @param spec a valid specification
/// @param epoch zero-based epoch, in [0, inf)
/// @param step zero-based step over the whole run, in [0, inf)
/// @param group index of the parameter group
NOISYLR_API double factor(const NoiseSpec& spec, int64_t epoch, int64_t step,
                          uint64_t group) noexcept;

/// The realised learning rate: base_lr before the first noisy epoch and without noise, else
/// clamp(base_lr·f, min_lr, max_lr).
///
/// @param spec a valid specification
/// @param base_lr the base learning rate; NaN stays NaN
/// @param epoch zero-based epoch, in [0, inf)
/// @param step zero-based step over the whole run, in [0, inf)
/// @param group index of the parameter group
NOISYLR_API double realised(const NoiseSpec& spec, double base_lr, int64_t epoch, int64_t step,
                            uint64_t group) noexcept;

}  // namespace noisylr
