/// @file
/// torch::optim optimizers with a random learning rate.
#pragma once

#include <noisylr/export.h>
#include <noisylr/noise.h>
#include <noisylr/stepping.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/optimizer.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace noisylr {

/// The noise of one optimizer: what is drawn, where the run stands, and what the last step used.
///
/// A step multiplies the learning rate of each parameter group by its factor, runs the optimizer's
/// own step and puts the base rates back, on every exit, so that schedulers only ever see base
/// rates. So does the closure: it runs with the base rates in place, may change them or add groups,
/// and the noise is applied to what it leaves. stepping.h has the rules of threads and lifetimes.
class NOISYLR_API LrNoise {
 public:
  /// @throws std::invalid_argument if the specification is not valid
  explicit LrNoise(const NoiseSpec& noise);
  virtual ~LrNoise();
  LrNoise(const LrNoise&) = delete;
  LrNoise& operator=(const LrNoise&) = delete;

  const NoiseSpec& noise() const noexcept { return noise_; }

  /// The epoch that the next step belongs to; 0 at first.
  int64_t epoch() const noexcept { return epoch_; }

  /// Says that the steps from now on belong to this epoch, zero-based.
  /// @throws std::invalid_argument if it is negative
  void epoch(int64_t epoch);

  /// The number of completed steps; the counter of noise that is drawn per step.
  int64_t steps() const noexcept { return steps_; }

  /// Sets the number of completed steps, for a run that goes on from a checkpoint.
  /// @throws std::invalid_argument if it is negative
  void steps(int64_t steps);

  /// The learning rate that the last completed step used for a parameter group.
  /// @throws std::logic_error before the first step
  /// @throws std::out_of_range if the last step knew no such group
  double realised_lr(size_t group = 0) const;

  /// The learning rates that the last completed step used, by group; empty before the first step.
  std::vector<double> realised_lrs() const { return realised_; }

 protected:
  using LossClosure = torch::optim::Optimizer::LossClosure;
  using StepFunction = at::Tensor (*)(torch::optim::Optimizer&, LossClosure);

  /// Runs base_step(optimizer, closure) with realised rates in all groups. Strong guarantee for the
  /// noise: if anything throws, steps and realised rates are those of before.
  /// @throws std::logic_error if a step of the same object runs
  at::Tensor noisy_step(torch::optim::Optimizer& optimizer, LossClosure closure,
                        StepFunction base_step);

  /// Writes specification, epoch and steps as the nested archive "noisylr".
  void save_noise(torch::serialize::OutputArchive& archive) const;

  /// Runs base_load(optimizer, archive), then takes over what save_noise wrote. An archive without
  /// noise, written by a plain optimizer, leaves the noise as it is.
  /// @throws std::invalid_argument, before anything is changed, if the noise is incomplete or not
  ///     valid
  void load_noise(torch::optim::Optimizer& optimizer, torch::serialize::InputArchive& archive,
                  void (*base_load)(torch::optim::Optimizer&, torch::serialize::InputArchive&));

 private:
  class Scope;

  NoiseSpec noise_;
  int64_t epoch_ = 0;
  int64_t steps_ = 0;
  Stepping stepping_;
  // One element per group; they grow with the number of groups and are reused from step to step.
  std::vector<double> base_;
  std::vector<double> current_;
  std::vector<double> realised_;
};

/// The options of an optimizer class; specialise it to use Noisy with one of your own.
template <class Base>
struct OptionsOf;
template <>
struct OptionsOf<torch::optim::SGD> : std::type_identity<torch::optim::SGDOptions> {};
template <>
struct OptionsOf<torch::optim::Adam> : std::type_identity<torch::optim::AdamOptions> {};
template <>
struct OptionsOf<torch::optim::AdamW> : std::type_identity<torch::optim::AdamWOptions> {};
template <>
struct OptionsOf<torch::optim::Adagrad> : std::type_identity<torch::optim::AdagradOptions> {};
template <>
struct OptionsOf<torch::optim::RMSprop> : std::type_identity<torch::optim::RMSpropOptions> {};

/// An optimizer of class Base with a random learning rate: a drop-in for Base. Options, parameter
/// groups, schedulers and archives are LibTorch's own. Base comes first, so that a Base* and a
/// Noisy<Base>* to the same object are the same address.
template <class Base>
class NOISYLR_API Noisy : public Base, public LrNoise {
 public:
  using Options = typename OptionsOf<Base>::type;
  using LossClosure = torch::optim::Optimizer::LossClosure;

  /// An optimizer of one parameter group, which shares ownership of the parameters.
  /// @throws std::invalid_argument if the noise is not valid; what Base throws on bad options
  Noisy(std::vector<at::Tensor> parameters, Options options, const NoiseSpec& noise)
      : Base(std::move(parameters), std::move(options)), LrNoise(noise) {}

  /// An optimizer of several groups; a group without options of its own takes the given ones.
  /// @throws std::invalid_argument if the noise is not valid; what Base throws on bad options
  Noisy(const std::vector<torch::optim::OptimizerParamGroup>& groups, Options options,
        const NoiseSpec& noise)
      : Base(groups, std::move(options)), LrNoise(noise) {}

  /// Base::step with realised learning rates.
  /// @throws std::logic_error if a step of the same object runs
  at::Tensor step(LossClosure closure = nullptr) override {
    return noisy_step(*this, std::move(closure),
                      [](torch::optim::Optimizer& optimizer, LossClosure base_closure) {
                        return static_cast<Noisy&>(optimizer).Base::step(std::move(base_closure));
                      });
  }

  /// What Base writes, and the noise with its epoch and steps. Base can load it too.
  void save(torch::serialize::OutputArchive& archive) const override {
    Base::save(archive);
    save_noise(archive);
  }

  /// Loads an archive of this class or of Base; the latter leaves the noise as it is.
  /// @throws std::invalid_argument if the archive's noise is incomplete or not valid
  void load(torch::serialize::InputArchive& archive) override {
    load_noise(*this, archive,
               [](torch::optim::Optimizer& optimizer, torch::serialize::InputArchive& base) {
                 static_cast<Noisy&>(optimizer).Base::load(base);
               });
  }
};

extern template class Noisy<torch::optim::SGD>;
extern template class Noisy<torch::optim::Adam>;
extern template class Noisy<torch::optim::AdamW>;
extern template class Noisy<torch::optim::Adagrad>;
extern template class Noisy<torch::optim::RMSprop>;

using NoisySGD = Noisy<torch::optim::SGD>;
using NoisyAdam = Noisy<torch::optim::Adam>;
using NoisyAdamW = Noisy<torch::optim::AdamW>;
using NoisyAdagrad = Noisy<torch::optim::Adagrad>;
using NoisyRMSprop = Noisy<torch::optim::RMSprop>;

/// A random learning rate for any existing optimizer: call step() here instead of there.
class NOISYLR_API StepHook : public LrNoise {
 public:
  /// @param optimizer not owned; must outlive the hook
  /// @throws std::invalid_argument if the noise is not valid, or the optimizer has noise already
  StepHook(torch::optim::Optimizer& optimizer, const NoiseSpec& noise);

  /// The optimizer's step with realised learning rates.
  /// @throws std::logic_error if a step of the same hook runs
  at::Tensor step(LossClosure closure = nullptr);

  /// What the optimizer writes, and the noise with its epoch and steps.
  void save(torch::serialize::OutputArchive& archive) const;

  /// Loads the optimizer and the noise; an archive without noise leaves the noise as it is.
  /// @throws std::invalid_argument if the archive's noise is incomplete or not valid
  void load(torch::serialize::InputArchive& archive);

 private:
  torch::optim::Optimizer& optimizer_;
};

/// The noise of an optimizer of class Noisy; a view that lives as long as the optimizer.
/// @throws std::invalid_argument if the optimizer is of another class
NOISYLR_API LrNoise& lr_noise(torch::optim::Optimizer& optimizer);

}  // namespace noisylr
