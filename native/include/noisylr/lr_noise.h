/// @file
/// The noise of one optimizer.
#pragma once

#include <c10/util/FunctionRef.h>
#include <noisylr/export.h>
#include <noisylr/noise.h>
#include <noisylr/step_guard.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace noisylr {

/// The noise of one optimizer: its specification, the position of the run, and the learning rates
/// of the last step.
///
/// A step multiplies the learning rate of each parameter group by its factor, runs the optimizer's
/// own step and restores the base rates on every exit, so that schedulers only see base rates. The
/// closure also runs with the base rates in place. It may change them or add groups, and the noise
/// applies to the rates and groups that it leaves. step_guard.h has the rules of threads and
/// lifetimes.
class NOISYLR_API LrNoise {
 public:
  /// @throws std::invalid_argument if the specification is not valid
  explicit LrNoise(const NoiseSpec& noise);
  virtual ~LrNoise();
  LrNoise(const LrNoise&) = delete;
  LrNoise& operator=(const LrNoise&) = delete;

  const NoiseSpec& noise() const noexcept { return noise_; }

  /// Replaces the noise; steps do not change.
  /// @throws std::invalid_argument if the specification is not valid
  void noise(const NoiseSpec& noise);

  /// The epoch that the next step belongs to; 0 at first. If the noise has steps_per_epoch, it is
  /// steps() / steps_per_epoch.
  int64_t epoch() const noexcept;

  /// Sets the zero-based epoch that the following steps belong to. If the noise has
  /// steps_per_epoch, the next step becomes the first one of the epoch.
  /// @throws std::invalid_argument if it is negative or too large
  void epoch(int64_t epoch);

  /// The number of completed steps, the counter of noise that is drawn per step.
  int64_t steps() const noexcept { return steps_; }

  /// Sets the number of completed steps, for a run that resumes from a checkpoint.
  /// @throws std::invalid_argument if it is negative
  void steps(int64_t steps);

  /// The learning rate that the last completed step used for a parameter group.
  /// @throws std::logic_error before the first step
  /// @throws std::out_of_range if the last step had no such group
  double realised_lr(size_t group = 0) const;

  /// The learning rates that the last completed step used, by group; empty before the first step.
  std::vector<double> realised_lrs() const { return realised_; }

  /// Call this before you destroy the object if a step may be in progress.
  /// @throws std::logic_error if one is
  virtual void close();

 protected:
  using LossClosure = torch::optim::Optimizer::LossClosure;
  using StepFunction = c10::function_ref<at::Tensor(LossClosure)>;

  /// Runs base_step(closure) with realised rates in all groups. Strong guarantee for the
  /// noise: if anything throws, steps and realised rates do not change.
  /// @throws std::logic_error if a step of the same object is in progress, or if the noise depends
  ///     on the epoch, has no steps_per_epoch, and no epoch was set or loaded
  at::Tensor noisy_step(torch::optim::Optimizer& optimizer, LossClosure closure,
                        StepFunction base_step);

  /// Writes specification, epoch and steps as the nested archive "noisylr"; nothing without noise.
  void save_noise(torch::serialize::OutputArchive& archive) const;

  /// Runs base_load(optimizer, archive), then takes epoch and steps from what save_noise wrote, and
  /// the noise too if there is none yet. An archive without noise, written by a stock optimizer,
  /// changes none of them.
  /// @throws std::invalid_argument, before anything changes, if the archive's noise is incomplete,
  ///     not valid, or another one than the current noise
  void load_noise(torch::optim::Optimizer& optimizer, torch::serialize::InputArchive& archive,
                  void (*base_load)(torch::optim::Optimizer&, torch::serialize::InputArchive&));

  StepGuard step_guard_;

 private:
  class Scope;

  static constexpr int64_t kUnknown = -1;

  NoiseSpec noise_;
  int64_t epoch_ = kUnknown;
  int64_t steps_ = 0;
  // One element per group; they grow with the number of groups and are reused in each step.
  std::vector<double> base_;
  std::vector<double> current_;
  std::vector<double> realised_;
};

}  // namespace noisylr
