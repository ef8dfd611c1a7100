/// @file
/// A random learning rate for any torch::optim optimizer.
#pragma once

#include <noisylr/export.h>
#include <noisylr/lr_noise.h>

namespace noisylr {

/// A random learning rate for any existing optimizer: call step() here instead of there.
class NOISYLR_API StepHook : public LrNoise {
 public:
  /// @param optimizer not owned; the hook must not be used after it is destroyed
  /// @throws std::invalid_argument if the noise is not valid, or the optimizer has noise of its own
  StepHook(torch::optim::Optimizer& optimizer, const NoiseSpec& noise);

  /// The optimizer's step with realised learning rates.
  /// @throws std::invalid_argument if the optimizer got noise of its own meanwhile
  /// @throws std::logic_error if a step of the same hook is in progress
  at::Tensor step(LossClosure closure = nullptr);

  /// Writes what the optimizer writes, and the noise with its epoch and steps if there is noise.
  void save(torch::serialize::OutputArchive& archive) const;

  /// Loads the optimizer and the noise. An archive without noise does not change the noise. A hook
  /// without noise takes the archive's.
  /// @throws std::invalid_argument if the archive's noise is incomplete, not valid or another one
  ///     than the hook's, or if the archive's options or groups do not fit the optimizer
  void load(torch::serialize::InputArchive& archive);

 private:
  void require_no_other_noise() const;

  torch::optim::Optimizer& optimizer_;
};

}  // namespace noisylr
