/// @file
/// The other randomness that training has been given: noise on gradients and parameters, and random
/// rates for features, each around the steps of any optimizer.
#pragma once

#include <noisylr/export.h>
#include <noisylr/stepping.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <cstdint>
#include <map>

namespace noisylr {

/// Something random around each step of an optimizer: call step() here instead of there. The
/// optimizer may be any, a Noisy one too.
///
/// What a step draws is a function of the seed, the number of the step and the parameter's number,
/// not a stream: Philox of these three seeds a generator of the parameter's device. It is the same
/// after a resume. LibTorch's normal numbers differ in their last bits between kinds of processors.
class NOISYLR_API Perturbation {
 public:
  using LossClosure = torch::optim::Optimizer::LossClosure;

  virtual ~Perturbation();
  Perturbation(const Perturbation&) = delete;
  Perturbation& operator=(const Perturbation&) = delete;

  /// A step of the optimizer, perturbed.
  /// @param closure evaluates the loss and its gradients; may be called more than once
  /// @throws std::logic_error if a step of the same object runs
  virtual torch::Tensor step(LossClosure closure = nullptr);

  /// The number of completed steps.
  int64_t steps() const noexcept { return steps_; }

  /// Sets the number of completed steps, for a run that goes on from a checkpoint.
  /// @throws std::invalid_argument if it is negative
  void steps(int64_t steps);

 protected:
  /// @param optimizer not owned; must outlive this
  Perturbation(torch::optim::Optimizer& optimizer, uint64_t seed);

  /// Called when the gradients are there, after each evaluation of the closure and before the
  /// optimizer uses them.
  virtual void change_gradients() {}
  /// Called when the optimizer has changed the parameters.
  virtual void after_step() {}
  /// Called at the end of each step, also of one that throws.
  virtual void end_step() noexcept {}

  /// Standard normal numbers in the form of a tensor.
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

  /// For the length of a step.
  Stepping& stepping() noexcept { return stepping_; }

  /// Says that a step is complete.
  void complete() noexcept { ++steps_; }

 private:
  torch::optim::Optimizer& optimizer_;
  uint64_t seed_;
  int64_t steps_ = 0;
  Stepping stepping_;
};

/// Annealed gradient noise (Neelakantan et al. 2015, "Adding Gradient Noise Improves Learning for
/// Very Deep Networks", eq. 1): in step t = 0, 1, …, each gradient value gets N(0, s²) added with
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
/// lr, each parameter value gets N(0, 2·lr·T) added.
///
/// In the paper's terms, for a loss that is the mean negative log posterior of N examples and plain
/// SGD, its epsilon is 2·lr/N, so T = 1/N samples from the posterior. The rate is what the step
/// used: for a Noisy optimizer, the realised one; for L4, its eta, or 0 where that is negative.
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
/// Algorithm 1, with the condition of Algorithm 2): where the gradient is small, |∇f(x)| ≤
/// threshold, and the last perturbation was more than `interval` steps ago, x ← x + ξ with ξ
/// uniform in the ball of radius r around 0, over all parameters together. Then the optimizer steps
/// with the gradient at that point.
class NOISYLR_API PerturbedDescent final : public Perturbation {
 public:
  /// @param radius r, in [0, inf)
  /// @param threshold of the gradient's Euclidean norm, in [0, inf)
  /// @param interval in [0, inf)
  /// @throws std::invalid_argument if a value is outside
  PerturbedDescent(torch::optim::Optimizer& optimizer, double radius, double threshold,
                   int64_t interval, uint64_t seed);

  /// @param closure evaluates the loss and its gradients; called twice in a perturbed step
  /// @return the loss at the point that the optimizer stepped from
  /// @throws std::invalid_argument without a closure: the gradient at the new point is needed
  /// @throws std::logic_error if a step of the same object runs
  torch::Tensor step(LossClosure closure = nullptr) override;

  /// The step of the last perturbation; -1 before the first.
  int64_t last_perturbation() const noexcept { return last_; }

  /// Sets it, for a run that goes on from a checkpoint.
  /// @throws std::invalid_argument if it is below -1
  void last_perturbation(int64_t step);

 private:
  void perturb();

  double radius_, threshold_;
  int64_t interval_;
  int64_t last_ = -1;
};

/// Rates of features (Blier et al. 2018, "Learning with Random Learning Rates", Alrao): the update
/// of each output feature is multiplied by a factor of its own, drawn once, log-uniform in [min,
/// max]. With an optimizer's rate of 1, the factors are the rates of the paper.
///
/// Features are the indices of a parameter's first dimension, as of dense layers and convolutions;
/// those of transposed convolutions and embeddings are others. A parameter of one dimension that
/// has as many as the one before it shares its factors, as biases and batch norm share those of
/// their layer. Of the paper, this is the rule for the layers that are not the last. Its last
/// layer, which is replaced by an average of several classifiers with a rate each, is left out:
/// that is another model, not another step.
///
/// The optimizer must evaluate the closure once a step: what LBFGS knows of the places that it was
/// at would not be true of those that the factors make of them. A second evaluation throws
/// std::logic_error, and the parameters are as they were.
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
  // Where the parameters were when the optimizer began to move them.
  std::map<const void*, at::Tensor> before_;
};

}  // namespace noisylr
