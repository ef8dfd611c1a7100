/// @file
/// torch::optim optimizers with a random learning rate that step all parameters in one pass.
#pragma once

#include <noisylr/export.h>
#include <noisylr/lr_noise.h>
#include <noisylr/step_hook.h>
#include <noisylr/tracked_parameters.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace noisylr {

/// How an optimizer computes its step.
enum class Implementation {
  kFused,  ///< one pass over all parameters
  kStock,  ///< LibTorch's own step: several operations a parameter
};

/// Where the learning rate enters SGD's momentum. It makes a difference where the rate changes.
/// With d = g + weight_decay·p, and η′ the realised rate:
enum class MomentumForm {
  kTorch,  ///< b = momentum·b + (1 − dampening)·d, b = d in the first step; p −= η′·b
  kKeras,  ///< b = momentum·b + (1 − dampening)·η′·d, b = 0 before the first step; p −= b. Keras' v
           ///< is −b. With Nesterov's momentum, p −= momentum·b + η′·d
};

/// Operations that every Noisy<Base> adds to Base and LrNoise.
class NOISYLR_API FusedOptimizer : public LrNoise {
 public:
  using LrNoise::LrNoise;
  ~FusedOptimizer() override;

  /// kFused at first.
  Implementation implementation() const noexcept { return implementation_; }

  /// Selects how the following steps are computed. State carries over.
  void implementation(Implementation implementation) noexcept { implementation_ = implementation; }

  /// Whether ATen's operations read the learning rates from tensors; false at first.
  bool lr_tensors() const noexcept { return lr_tensors_; }

  /// Selects whether ATen's operations read the learning rates from tensors.
  ///
  /// The rate of a group is then a float tensor without dimensions on each device that the group's
  /// parameters are on. The first step creates it, and later steps write it only where the rate has
  /// changed.
  void lr_tensors(bool use) noexcept { lr_tensors_ = use; }

  /// The number of the recording that record() would make of the next step. It changes when
  /// parameters, state or options other than the learning rate are replaced.
  /// @return 0 unless the step is fused and uses lr_tensors(), ATen's operations step all
  ///     parameters, and nothing has been replaced since the step before
  virtual int64_t recording() = 0;

  /// The device's part of the next step, for a graph that records it: the closure, then a step that
  /// reads the rates and the counts of steps on the device and changes nothing on the host.
  /// CapturedStep calls it.
  /// @param loss receives what the closure returns
  /// @throws std::logic_error if recording() is 0 after the closure, or its gradients do not fit
  virtual void record(const torch::optim::Optimizer::LossClosure& closure, at::Tensor& loss) = 0;

  /// A step whose device's part is launch(), which replays a recording: writes the rates that
  /// changed, launches, and counts the step in the noise and the state.
  /// @param recording its number
  /// @return false, without a step, if recording() now returns another number
  /// @throws what step() throws
  virtual bool replay(int64_t recording, c10::function_ref<void()> launch) = 0;

  /// The number of parameters with a gradient that LibTorch's own operations stepped in the last
  /// fused step; 0 before it and with the stock implementation.
  virtual size_t fallback_count() const noexcept = 0;

  /// Frees the state and gives up the parameters, which become undefined tensors. The object, its
  /// groups and their options stay until it is destroyed. Not to be used afterwards.
  /// @throws std::logic_error if a step is in progress
  void close() override = 0;

  /// Call this after you have changed state() directly.
  virtual void track_parameters() = 0;

 private:
  Implementation implementation_ = Implementation::kFused;
  bool lr_tensors_ = false;
};

/// The options of an optimizer class.
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

template <class Base>
class StepPlan;

/// An optimizer of class Base with a random learning rate, whose step is one parallel pass over all
/// parameters: a drop-in for Base, whose options, parameter groups, state and archives it has. The
/// formula and the values are Base's: float and double parameters on a CPU are rounded alike.
/// Without noise it is the fused optimizer. Base comes first, so that a Base* and a Noisy<Base>* to
/// the same object are the same address.
///
/// The operations that step a parameter depend on it, its gradient and its state:
///
/// - float and double on a CPU, dense, with the same layout (contiguous, channels_last, any other
///   order without gaps): noisylr's own loops;
/// - half and bfloat16 on a CPU (except SGD), and all floating-point types on CUDA, with the same
///   layout: ATen's _fused_* operations (_foreach_* for RMSprop), which round to the type once a
///   step or operation;
/// - everything else, such as sparse gradients, strided views, parameters that share memory or are
///   empty, other devices: Base's step, with its results and its errors.
///
/// The first step gathers the addresses of all values, and later steps reuse them. They notice when
/// parameters, gradients, groups, state or options have been replaced, which is allowed between any
/// two steps. Adagrad also creates the state of parameters that were added after its constructor,
/// which Base never does. A step erases the state of parameters that are no longer in a group. It
/// keeps no references to gradients. step_guard.h has the rules of threads and lifetimes.
template <class Base>
class NOISYLR_API Noisy : public Base, public FusedOptimizer {
 public:
  using Options = typename OptionsOf<Base>::type;
  using LossClosure = torch::optim::Optimizer::LossClosure;

  /// An optimizer of one parameter group, which shares ownership of the parameters.
  /// @throws std::invalid_argument if the noise is not valid; what Base throws on bad options
  Noisy(std::vector<at::Tensor> parameters, Options options, const NoiseSpec& noise = {});

  /// An optimizer of several groups; a group without options of its own takes the given ones.
  /// @throws std::invalid_argument if the noise is not valid or the options of a group are of
  ///     another class; what Base throws on bad options
  Noisy(const std::vector<torch::optim::OptimizerParamGroup>& groups, Options options,
        const NoiseSpec& noise = {});

  ~Noisy() override;

  /// Base::step in one pass, with realised learning rates.
  /// @throws what Base::step throws; the parameters that Base does not step are unchanged then. An
  ///     error of ATen's operations (out of memory) can leave some parameters stepped
  /// @throws std::invalid_argument if the options of a group are of another class
  /// @throws std::logic_error if a step of the same object is in progress
  at::Tensor step(LossClosure closure = nullptr) override;

  /// Writes what Base writes, and the noise with its epoch and steps if there is noise. Base can
  /// load it too. Keras' momentum is noted, because its buffers have another meaning.
  /// @throws std::invalid_argument if the options of a group are of another class
  void save(torch::serialize::OutputArchive& archive) const override;

  /// Loads an archive of this class or of Base. An archive without noise does not change the noise,
  /// epoch and steps. An optimizer without noise takes the archive's. If it throws, nothing has
  /// changed.
  /// @throws std::invalid_argument if the archive's noise is incomplete, not valid or another one
  ///     than the optimizer's, if the archive has another form of momentum, if the archive's
  ///     options, groups or shapes do not fit, if the options of a group are of another class, or
  ///     if a parameter is in the groups twice, here or in the archive: LibTorch would lose its
  ///     state
  void load(torch::serialize::InputArchive& archive) override;

  /// kTorch at first.
  MomentumForm momentum_form() const noexcept requires std::is_same_v<Base, torch::optim::SGD> {
    return momentum_form_;
  }

  /// Selects the form for an optimizer that has made no step.
  /// @throws std::logic_error if it has state, which means something else in another form
  void momentum_form(MomentumForm form) requires std::is_same_v<Base, torch::optim::SGD>;

  int64_t recording() override;
  void record(const LossClosure& closure, at::Tensor& loss) override;
  bool replay(int64_t recording, c10::function_ref<void()> launch) override;
  size_t fallback_count() const noexcept override;
  void close() override;
  void track_parameters() override;

 private:
  void fused_step();
  void stock_step();

  MomentumForm momentum_form_ = MomentumForm::kTorch;
  std::unique_ptr<StepPlan<Base>> plan_;
  TrackedParameters tracked_;
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

/// An optimizer of class Noisy, whichever that is; a view that lives as long as the optimizer.
/// @throws std::invalid_argument if the optimizer is of another class
NOISYLR_API FusedOptimizer& fused_optimizer(torch::optim::Optimizer& optimizer);

/// close() of a noisy optimizer or L4, whichever that is.
/// @throws std::invalid_argument if the optimizer is of another class
/// @throws std::logic_error if a step is in progress
NOISYLR_API void close(torch::optim::Optimizer& optimizer);

}  // namespace noisylr
