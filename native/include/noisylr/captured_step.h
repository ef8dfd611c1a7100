/// @file
/// A training step that a device repeats from a recording.
#pragma once

#include <noisylr/export.h>
#include <noisylr/noisy.h>
#include <noisylr/step_guard.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace noisylr {

/// Work of a device, recorded once and replayed. The library noisylr_cuda contains that of CUDA.
class NOISYLR_API DeviceGraph {
 public:
  using Work = std::function<void()>;

  virtual ~DeviceGraph();

  /// Runs the work without recording it, on the stream that record() uses.
  virtual void run(const Work& work) = 0;

  /// Records the work in place of what was recorded before; the device does not do it yet.
  virtual void record(const Work& work) = 0;

  /// Does what was recorded, with what the recorded tensors contain now.
  virtual void replay() = 0;
};

/// Makes an empty graph for a device.
using DeviceGraphFactory = std::unique_ptr<DeviceGraph> (*)(at::Device);

/// Registers the graphs of a type of device; null removes them. noisylr_cuda does so when it is
/// loaded.
NOISYLR_API void register_device_graphs(at::DeviceType type, DeviceGraphFactory factory);

/// Whether a type of device has graphs.
NOISYLR_API bool has_device_graphs(at::DeviceType type);

/// Forward pass, backward pass and step of an optimizer, recorded once in a graph of the device and
/// replayed in each further step, which is then one launch in place of hundreds (CUDA graphs).
///
/// The first three steps run as usual, so that a run has the same steps as one without a recording.
/// Then a step is recorded, and recorded again whenever parameters, groups, state or options other
/// than the learning rate have been replaced. Noise, schedules, realised rates, counts of steps and
/// archives are those of the optimizer: before a replay, the host writes the learning rates that
/// have changed into tensors on the device.
///
/// A recording fixes shapes and addresses. The closure has to read its batch from the same tensors
/// in each step and may not wait for the device or read a value from it; each replay takes the
/// branches that it took while it was recorded. Random numbers differ from step to step. After a
/// replay, the parameters' gradients are those of the recording. The optimizer may also step as
/// usual in between; free the losses and outputs of such steps before the next recording.
class NOISYLR_API CapturedStep {
 public:
  using LossClosure = torch::optim::Optimizer::LossClosure;

  /// Calls lr_tensors(true) of the optimizer.
  /// @param optimizer a Noisy optimizer, which has to live as long
  /// @param closure frees or clears the gradients, computes the loss and its gradients, and returns
  ///     the loss
  /// @throws std::invalid_argument if the optimizer is of another class or has no parameters, or if
  ///     the parameters' device has no graphs
  CapturedStep(torch::optim::Optimizer& optimizer, LossClosure closure);
  ~CapturedStep();
  CapturedStep(const CapturedStep&) = delete;
  CapturedStep& operator=(const CapturedStep&) = delete;

  /// A step of the optimizer with the closure.
  /// @return the loss; a replay overwrites the tensor of the one before
  /// @throws std::logic_error if steps cannot be recorded: ATen's operations do not step all
  ///     parameters, or something is replaced in each step
  /// @throws what the closure and the optimizer's step throw
  at::Tensor step();

  /// Whether the last step was a replay.
  bool is_replayed() const noexcept { return is_replayed_; }

  /// Frees the recording and the closure. Not to be used afterwards.
  /// @throws std::logic_error if a step is in progress
  void close();

 private:
  at::Tensor run();
  void record();
  void show_gradients();

  torch::optim::Optimizer& optimizer_;
  FusedOptimizer& fused_;
  LossClosure closure_;
  std::unique_ptr<DeviceGraph> graph_;
  StepGuard step_guard_;
  int runs_ = 0;           ///< steps that were not replayed since the last recording
  int64_t recording_ = 0;  ///< its number; 0 for none
  bool is_replayed_ = false;
  at::Tensor loss_;
  std::vector<std::pair<at::Tensor, at::Tensor>> gradients_;  ///< parameters, recorded gradients
};

}  // namespace noisylr
