/// @file
/// Baselines with other randomness: noise on gradients and parameters, and random rates per
/// feature, each for any optimizer.
#pragma once

#include <noisylr/export.h>
#include <noisylr/step_guard.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <cstdint>
#include <map>

namespace noisylr {

/// A random change of each step of an optimizer: call step() here instead of there. Works with any
/// optimizer, noisy or not.
///
/// The draws of a step are a function of the seed, the number of the step and the number of the
/// parameter, not a stream: Philox of these three seeds a generator of the parameter's device. They
/// are the same after a resume. LibTorch's normal numbers differ in their last bits between kinds
/// of processors.
class NOISYLR_API Perturbation {
 public:
  using LossClosure = torch::optim::Optimizer::LossClosure;

  virtual ~Perturbation();
  Perturbation(const Perturbation&) = delete;
  Perturbation& operator=(const Perturbation&) = delete;

  /// A step of the optimizer, perturbed.
  /// @param closure evaluates the loss and its gradients; may be called more than once
  /// @throws std::logic_error if a step of the same object is in progress
  virtual torch::Tensor step(LossClosure closure = nullptr);

  /// The number of completed steps.
  int64_t steps() const noexcept { return steps_; }

  /// Sets the number of completed steps, for a run that resumes from a checkpoint.
  /// @throws std::invalid_argument if it is negative
  void steps(int64_t steps);

  /// Call this before you destroy the object if a step may be in progress.
  /// @throws std::logic_error if one is
  void close() { StepGuard::Scope(step_guard_, "close()"); }

 protected:
  /// @param optimizer not owned; this must not be used after it is destroyed
  Perturbation(torch::optim::Optimizer& optimizer, uint64_t seed);

  /// Called after each evaluation of the closure, before the optimizer uses the gradients.
  virtual void change_gradients() {}
  /// Called after the optimizer has changed the parameters.
  virtual void after_step() {}
  /// Called at the end of each step, also if it throws.
  virtual void end_step() noexcept {}

  /// Standard normal numbers with the shape of a tensor.
  at::Tensor normal(const at::Tensor& like, uint64_t number) const;
  /// Uniform numbers in [0, 1), `float64 [count]` on the device.
  at::Tensor uniform(int64_t count, at::Device device, int64_t step, uint64_t number) const;

  torch::optim::Optimizer& optimizer() const noexcept { return optimizer_; }

  /// Calls work(group, parameter, number) for each parameter; numbers count over all groups.
  template <class Work>
  void for_each(Work work) const {
    uint64_t number = 0;
    auto& groups = optimizer_.param_groups();
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const at::Tensor& parameter : groups[g].params()) work(g, parameter, number++);
    }
  }

  StepGuard& step_guard() noexcept { return step_guard_; }

  /// Counts a completed step.
  void complete() noexcept { ++steps_; }

 private:
  torch::optim::Optimizer& optimizer_;
  uint64_t seed_;
  int64_t steps_ = 0;
  StepGuard step_guard_;
};

/// Annealed gradient noise (Neelakantan et al. 2015, "Adding Gradient Noise Improves Learning for
/// Very Deep Networks", eq. 1): in step t = 0, 1, …, N(0, s²) is added to each gradient value, with
///
///     s² = eta / (1 + t)^gamma
class NOISYLR_API GradientNoise final : public Perturbation {
 public:
  /// @param eta in [0, inf); the paper uses 0.01, 0.3 and 1
  /// @param gamma in [0, inf); the paper uses 0.55
  /// @throws std::invalid_argument if a value is outside
  GradientNoise(torch::optim::Optimizer& optimizer, double eta, double gamma, uint64_t seed);

  /// s² of step t.
  double variance(int64_t step) const noexcept;

 private:
  void change_gradients() override;

  double eta_, gamma_;
};

/// Stochastic gradient Langevin dynamics (Welling and Teh 2011, eq. 4): after a step with the rate
/// lr, N(0, 2·lr·T) is added to each parameter value.
///
/// In the paper's terms, for a loss that is the mean negative log posterior of N examples and plain
/// SGD, its epsilon is 2·lr/N, so T = 1/N samples from the posterior. The rate is the one that the
/// step used: the realised rate of a noisy optimizer; the eta of L4, or 0 where that is negative.
class NOISYLR_API Langevin final : public Perturbation {
 public:
  /// @param temperature T, in [0, inf)
  /// @throws std::invalid_argument if it is outside
  Langevin(torch::optim::Optimizer& optimizer, double temperature, uint64_t seed);

 private:
  void after_step() override;

  double rate(size_t group) const;

  double temperature_;
};

/// Perturbed gradient descent (Jin et al. 2017, "How to Escape Saddle Points Efficiently",
/// Algorithm 1, with the condition of Algorithm 2). If the gradient is small, |∇f(x)| ≤ threshold,
/// and the last perturbation was more than `interval` steps ago, x ← x + ξ with ξ uniform in the
/// ball of radius r around 0, over all parameters together. Then the optimizer steps with the
/// gradient at that point.
class NOISYLR_API PerturbedDescent final : public Perturbation {
 public:
  /// @param radius r, in [0, inf)
  /// @param threshold of the gradient's Euclidean norm, in [0, inf)
  /// @param interval in [0, inf)
  /// @throws std::invalid_argument if a value is outside
  PerturbedDescent(torch::optim::Optimizer& optimizer, double radius, double threshold,
                   int64_t interval, uint64_t seed);

  /// @param closure evaluates the loss and its gradients; called twice in a perturbed step. It must
  ///     not step or close the optimizer
  /// @return the loss at the point that the optimizer stepped from
  /// @throws std::invalid_argument without a closure, which evaluates the gradient at the new point
  /// @throws std::logic_error if a step of the same object is in progress
  torch::Tensor step(LossClosure closure = nullptr) override;

  /// The step of the last perturbation; -1 before the first.
  int64_t last_perturbation() const noexcept { return last_; }

  /// Sets it, for a run that resumes from a checkpoint.
  /// @throws std::invalid_argument if it is below -1
  void last_perturbation(int64_t step);

 private:
  void perturb();

  double radius_, threshold_;
  int64_t interval_;
  int64_t last_ = -1;
};

/// Random rates per feature (Blier et al. 2018, "Learning with Random Learning Rates", Alrao): the
/// update of each output feature is multiplied by a factor of its own, drawn once, log-uniform in
/// [min, max]. With an optimizer's rate of 1, the factors are the rates of the paper.
///
/// Features are the indices of a parameter's first dimension, which is right for dense layers and
/// convolutions, not for transposed convolutions and embeddings. A parameter of one dimension
/// shares the factors of the parameter before it if that has as many features, so that biases and
/// batch norm share those of their layer. This is the paper's rule for all layers but the last. Its
/// last layer, an average of several classifiers with one rate each, is another model and not
/// implemented.
///
/// The optimizer must evaluate the closure once a step: the points that LBFGS remembers would not
/// be the points that the factors lead to. A second evaluation throws std::logic_error and restores
/// the parameters.
class NOISYLR_API Alrao final : public Perturbation {
 public:
  /// @param min in (0, inf); the paper uses 1e-5
  /// @param max in [min, inf); the paper uses 10
  /// @throws std::invalid_argument if a value is outside
  Alrao(torch::optim::Optimizer& optimizer, double min, double max, uint64_t seed);

  /// The factors of a parameter's features, `float64 [features]` on its device.
  /// @throws std::out_of_range if there is no such parameter
  at::Tensor factors(uint64_t number) const;

 private:
  void change_gradients() override;
  void after_step() override;
  void end_step() noexcept override;
  at::Tensor draw(const at::Tensor& parameter, uint64_t number) const;

  double log_min_, log_max_;
  // The parameters before the step.
  std::map<const void*, at::Tensor> before_;
};

}  // namespace noisylr
