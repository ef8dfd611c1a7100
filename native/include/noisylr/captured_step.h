/// @file
/// A training step that a device repeats from a recording.
#pragma once

#include <noisylr/export.h>
#include <noisylr/noisy.h>

#include <functional>
#include <memory>
#include <vector>

namespace noisylr {

/// Work of a device, recorded once and replayed. The library noisylr_cuda has the one of CUDA.
class NOISYLR_API DeviceGraph {
 public:
  using Work = std::function<void()>;

  virtual ~DeviceGraph();

  /// Does the work without a recording, where the graph records: libraries prepare themselves
  /// there.
  virtual void run(const Work& work) = 0;

  /// Records the work in place of what was recorded before; the device does not do it yet.
  virtual void record(const Work& work) = 0;

  /// Does what was recorded, with what the recorded tensors hold now.
  virtual void replay() = 0;
};

/// Makes an empty graph for a device.
using DeviceGraphFactory = std::unique_ptr<DeviceGraph> (*)(at::Device);

/// Sets what makes the graphs of a type of device. noisylr_cuda calls it when it is loaded.
NOISYLR_API void device_graphs(at::DeviceType type, DeviceGraphFactory factory);

/// Forward pass, backward pass and step of an optimizer, recorded once in a graph of the device and
/// replayed in each further step, which then takes one launch in place of hundreds (CUDA graphs).
///
/// The first steps run as usual, so that a run has the same steps as one without a recording. Then
/// a step is recorded, and recorded again whenever parameters, state or options other than the
/// learning rate have been replaced. Noise, schedules, realised rates, counts of steps and archives
/// are those of the optimizer: before a replay, the host writes the learning rates that have
/// changed into tensors on the device.
///
/// A recording fixes all shapes and addresses. The closure has to read its batch from the same
/// tensors in each step, may not wait for the device or read a value from it, and what it decides
/// on the host is decided once. Random numbers differ from step to step. Parameters keep the
/// gradient tensors of the recording.
class NOISYLR_API CapturedStep {
 public:
  using LossClosure = torch::optim::Optimizer::LossClosure;

  /// @param optimizer a Noisy optimizer, which has to live as long; all of its parameters are on
  /// one
  ///     device
  /// @param closure frees or clears the gradients, computes the loss and its gradients, and returns
  ///     the loss
  /// @throws std::invalid_argument if the optimizer is of another class or has no parameters, or if
  ///     there are no graphs for the parameters' device
  CapturedStep(torch::optim::Optimizer& optimizer, LossClosure closure);
  ~CapturedStep();
  CapturedStep(const CapturedStep&) = delete;
  CapturedStep& operator=(const CapturedStep&) = delete;

  /// A step of the optimizer with the closure.
  /// @return the loss; a replay overwrites the tensor of the one before
  /// @throws what the closure and the optimizer's step throw
  at::Tensor step();

  /// Whether the last step was a replay.
  bool is_replayed() const noexcept { return is_replayed_; }

 private:
  torch::optim::Optimizer& optimizer_;
  FusedOptimizer& fused_;
  LossClosure closure_;
  std::unique_ptr<DeviceGraph> graph_;
  int runs_ = 0;  ///< steps without a recording since the start or the last change
  bool is_recorded_ = false;
  bool is_replayed_ = false;
  at::Tensor loss_;
  std::vector<at::Tensor> gradients_;  ///< where the recording writes them
};

}  // namespace noisylr
