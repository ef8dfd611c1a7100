/// @file
/// L4 (Rolinek and Martius 2018, "L4: Practical loss-based stepsize adaptation for deep learning").
#pragma once

#include <noisylr/export.h>
#include <noisylr/step_guard.h>
#include <noisylr/tracked_parameters.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace noisylr {

/// Settings of L4Mom and L4Adam; the defaults are the authors'.
struct NOISYLR_API L4Options : public torch::optim::OptimizerCloneableOptions<L4Options> {
  /// @param fraction alpha
  explicit L4Options(double fraction = 0.15);
  /// alpha, the fraction of the step that would reach the target loss, in [0, inf). It stands in
  /// for a learning rate: schedulers and noise act on it.
  TORCH_ARG(double, fraction);
  /// gamma, the fraction of the least loss so far that counts as reachable, in [0, 1].
  TORCH_ARG(double, minloss_factor) = 0.9;
  /// gamma_0, the fraction of the first loss that L_min starts from, in (0, 1].
  TORCH_ARG(double, init_factor) = 0.75;
  /// tau, the time constant in steps with which L_min grows, in (0, inf).
  TORCH_ARG(double, forget_time) = 1000;
  /// epsilon, added to the inner product, in (0, inf).
  TORCH_ARG(double, eps) = 1e-12;
  /// The decay of the mean of gradients, in [0, 1).
  TORCH_ARG(double, momentum) = 0.9;
  /// L4Adam's decay of the mean of squared gradients, in [0, 1).
  TORCH_ARG(double, beta2) = 0.999;
  /// L4Adam's epsilon, added to the root of that mean, in (0, inf).
  TORCH_ARG(double, adam_eps) = 1e-4;

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  ~L4Options() override = default;
  double get_lr() const override;
  void set_lr(const double lr) override;
};

/// The state of a parameter. The least loss and the step are the same for all parameters.
struct NOISYLR_API L4ParamState : public torch::optim::OptimizerCloneableParamState<L4ParamState> {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(double, min_loss) = 0;
  TORCH_ARG(torch::Tensor, exp_avg);
  /// Undefined for L4Mom.
  TORCH_ARG(torch::Tensor, exp_avg_sq) = {};

 public:
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  ~L4ParamState() override = default;
};

/// An optimizer whose step size follows from the loss. With the loss L, the mean of gradients g
/// (decay `momentum`, corrected for its start at 0, over all parameters) and the direction v,
///
///     eta = alpha * (L - gamma * L_min) / (<g, v> + epsilon),   theta <- theta - eta * v
///
/// where L_min is gamma_0 times the loss in the first step, then the lesser of itself and the loss,
/// and grows by the factor 1 + 1/tau after each step. Losses must be positive. A step whose loss is
/// NaN or infinite changes nothing, and neither does a step that throws. The settings other than
/// alpha are those of the first parameter group.
class NOISYLR_API L4 : public torch::optim::Optimizer {
 public:
  /// @param adaptive whether the direction is Adam's
  /// @throws std::invalid_argument if a setting is outside its interval
  L4(const std::vector<torch::optim::OptimizerParamGroup>& groups, const L4Options& defaults,
     bool adaptive);
  L4(std::vector<torch::Tensor> parameters, const L4Options& defaults, bool adaptive)
      : L4({torch::optim::OptimizerParamGroup(std::move(parameters))}, defaults, adaptive) {}

  /// @param closure evaluates the loss and its gradients once
  /// @return the loss
  /// @throws std::invalid_argument without a closure, which alone knows the loss, if the options of
  ///     a group are of another class, or if a setting other than alpha is outside its interval
  /// @throws std::logic_error if a step of the same object is in progress
  torch::Tensor step(LossClosure closure = nullptr) override;

  /// Adds a group with options of its own, or with the defaults.
  /// @throws std::invalid_argument if the options are of another class or outside their intervals
  void add_param_group(const torch::optim::OptimizerParamGroup& group);

  /// If it throws, nothing has changed.
  /// @throws std::invalid_argument if the archive is of the other of L4Mom and L4Adam, if a
  ///     parameter is in the groups twice, here or in the archive, if the options of a group are of
  ///     another class, or if a setting other than alpha is outside its interval
  void load(torch::serialize::InputArchive& archive) override;

  /// @throws std::invalid_argument if the options of a group are of another class
  void save(torch::serialize::OutputArchive& archive) const override;

  /// Frees the state and gives up the parameters, which become undefined tensors. The object, its
  /// groups and their options stay until it is destroyed. Not to be used afterwards.
  /// @throws std::logic_error if a step is in progress
  void close();

  /// Call this after you have changed state() directly.
  void track_parameters() { tracked_.update(*this); }

  /// Whether the direction is Adam's.
  bool adaptive() const noexcept { return adaptive_; }

  /// eta over alpha in the last step; NaN before it.
  double last_scale() const noexcept { return last_scale_; }

 private:
  bool adaptive_;
  double last_scale_;
  StepGuard step_guard_;
  TrackedParameters tracked_;
};

/// L4 with v = g.
class NOISYLR_API L4Mom : public L4 {
 public:
  /// @throws std::invalid_argument if a setting is outside its interval
  explicit L4Mom(std::vector<torch::Tensor> parameters, const L4Options& options = L4Options())
      : L4Mom({torch::optim::OptimizerParamGroup(std::move(parameters))}, options) {}
  explicit L4Mom(const std::vector<torch::optim::OptimizerParamGroup>& groups,
                 const L4Options& options = L4Options())
      : L4(groups, options, false) {}
};

/// L4 with Adam's direction, v = g / (sqrt(s) + adam_eps), where s is the mean of squared gradients
/// (decay beta2, corrected for its start at 0).
class NOISYLR_API L4Adam : public L4 {
 public:
  /// @throws std::invalid_argument if a setting is outside its interval
  explicit L4Adam(std::vector<torch::Tensor> parameters, const L4Options& options = L4Options())
      : L4Adam({torch::optim::OptimizerParamGroup(std::move(parameters))}, options) {}
  explicit L4Adam(const std::vector<torch::optim::OptimizerParamGroup>& groups,
                  const L4Options& options = L4Options())
      : L4(groups, options, true) {}
};

}  // namespace noisylr
