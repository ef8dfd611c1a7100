/// @file
/// torch::optim optimizers that step all parameters in one pass.
#pragma once

#include <ATen/core/Tensor.h>
#include <noisylr/export.h>
#include <noisylr/noisy.h>
#include <noisylr/stepping.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace noisylr {

/// How an optimizer computes its step.
enum class Implementation {
  kFused,  ///< one pass over all parameters
  kStock,  ///< LibTorch's own step: several operations a parameter
};

/// What every fused optimizer can be told, whatever its class.
class NOISYLR_API FusedStep {
 public:
  virtual ~FusedStep();

  /// kFused at first.
  Implementation implementation() const noexcept { return implementation_; }

  /// Chooses how the steps from now on are computed. State carries over.
  void implementation(Implementation implementation) noexcept { implementation_ = implementation; }

  /// Whether ATen's operations read the learning rates from tensors; false at first.
  bool lr_tensors() const noexcept { return lr_tensors_; }

  /// Makes ATen's operations read the learning rates from tensors, or no longer.
  ///
  /// The rate of a group is then a float tensor without dimensions on each device that the group's
  /// parameters are on. The first step makes it, and others write it only where the rate has
  /// changed. So a second step with the same rates can be captured as a graph that reads the tensor
  /// and does not write it; write_lr_tensors() then says with which rates it is replayed. A replay
  /// does not count in the integer steps of the state, nor in the noise's.
  void lr_tensors(bool use) noexcept { lr_tensors_ = use; }

  /// Writes the learning rates that replays of a captured step use, one for each group. With noise,
  /// these are realised rates.
  /// @throws std::invalid_argument if there are not as many as groups
  virtual void write_lr_tensors(const std::vector<double>& lrs) = 0;

  /// The parameters that the last step left to Base's step, those without a gradient aside; 0
  /// before it and with the stock implementation.
  virtual size_t left_to_base() const noexcept = 0;

  /// Gives up all that was gathered and made for steps, such as learning rate tensors; the next
  /// step gathers it anew. State stays.
  virtual void forget() noexcept = 0;

 private:
  Implementation implementation_ = Implementation::kFused;
  bool lr_tensors_ = false;
};

/// An optimizer of class Base whose step is one parallel pass over all parameters: a drop-in for
/// Base, whose options, parameter groups, state and archives it has. Same formula, same values:
/// float and double parameters on a CPU get those of Base, rounded alike.
///
/// What computes a parameter depends on it and on its gradient and state:
///
/// - float and double on a CPU, dense, all laid out alike (contiguous, channels_last, any other
///   order without gaps): noisylr's own loops;
/// - half and bfloat16 on a CPU (but for SGD), and all floating-point types on CUDA, laid out
///   alike: ATen's _fused_* operations (_foreach_* for RMSprop), which round to the type once a
///   step or operation;
/// - everything else, such as sparse gradients, strided views, parameters that share memory or are
///   empty, other devices: Base's step, with its results and its errors.
///
/// Where everything lies is gathered in the first step and kept; later ones notice when
/// parameters, gradients, groups, state or options have been replaced, which they may be at any
/// time between steps; Adagrad makes the state of parameters that came after its constructor, which
/// Base never does. The step does not keep references to gradients. stepping.h has the rules of
/// threads and lifetimes.
template <class Base>
class NOISYLR_API Fused : public Base, public FusedStep {
 public:
  using Options = typename OptionsOf<Base>::type;
  using LossClosure = torch::optim::Optimizer::LossClosure;

  /// An optimizer of one parameter group, which shares ownership of the parameters.
  /// @throws what Base throws on bad options
  Fused(std::vector<at::Tensor> parameters, Options options);

  /// An optimizer of several groups; a group without options of its own takes the given ones.
  /// @throws std::invalid_argument if the options of a group are of another class
  /// @throws what Base throws on bad options
  Fused(const std::vector<torch::optim::OptimizerParamGroup>& groups, Options options);

  ~Fused() override;

  /// Base::step in one pass.
  /// @throws what Base::step throws; the parameters that Base does not step are unchanged then.
  ///     What ATen's operations throw (memory that runs out) can leave some parameters stepped
  /// @throws std::invalid_argument if the options of a group are of another class
  /// @throws std::logic_error if a step of the same object runs
  at::Tensor step(LossClosure closure = nullptr) override;

  /// What Base writes.
  /// @throws std::invalid_argument if the options of a group are of another class
  void save(torch::serialize::OutputArchive& archive) const override;

  /// Loads what Base or this class wrote. If it throws, state and options are as they were before.
  /// @throws std::invalid_argument if the options of a group are of another class, or a parameter
  ///     is in the groups twice, here or in the archive: LibTorch would lose its state
  void load(torch::serialize::InputArchive& archive) override;

  void write_lr_tensors(const std::vector<double>& lrs) override;

  size_t left_to_base() const noexcept override;

  void forget() noexcept override;

 private:
  class Pass;

  at::Tensor base_step(LossClosure closure);
  void prepare_base_step();

  std::unique_ptr<Pass> pass_;
  Stepping stepping_;
};

template <class Base>
struct OptionsOf<Fused<Base>> : OptionsOf<Base> {};

using FusedSGD = Fused<torch::optim::SGD>;
using FusedAdam = Fused<torch::optim::Adam>;
using FusedAdamW = Fused<torch::optim::AdamW>;
using FusedAdagrad = Fused<torch::optim::Adagrad>;
using FusedRMSprop = Fused<torch::optim::RMSprop>;

extern template class Fused<torch::optim::SGD>;
extern template class Fused<torch::optim::Adam>;
extern template class Fused<torch::optim::AdamW>;
extern template class Fused<torch::optim::Adagrad>;
extern template class Fused<torch::optim::RMSprop>;

extern template class Noisy<FusedSGD>;
extern template class Noisy<FusedAdam>;
extern template class Noisy<FusedAdamW>;
extern template class Noisy<FusedAdagrad>;
extern template class Noisy<FusedRMSprop>;

using NoisyFusedSGD = Noisy<FusedSGD>;
using NoisyFusedAdam = Noisy<FusedAdam>;
using NoisyFusedAdamW = Noisy<FusedAdamW>;
using NoisyFusedAdagrad = Noisy<FusedAdagrad>;
using NoisyFusedRMSprop = Noisy<FusedRMSprop>;

/// An optimizer of class Fused, whichever that is; a view that lives as long as the optimizer.
/// @throws std::invalid_argument if the optimizer is of another class
NOISYLR_API FusedStep& fused_step(torch::optim::Optimizer& optimizer);

}  // namespace noisylr
