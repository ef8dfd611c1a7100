#include "noisylr/captured_step.h"

#include <map>
#include <stdexcept>
#include <utility>

#include "check.h"
#include "tensor_memory.h"

namespace noisylr {
namespace {

/// PyTorch's number: cuDNN chooses its algorithms in the first of them.
constexpr int kWarmUp = 3;

std::map<at::DeviceType, DeviceGraphFactory>& factories() {
  static std::map<at::DeviceType, DeviceGraphFactory> factories;
  return factories;
}

std::unique_ptr<DeviceGraph> graph_for(torch::optim::Optimizer& optimizer) {
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& p : group.params()) {
      const at::Device device = p.device();
      if (has_device_graphs(device.type())) return factories()[device.type()](device);
      if (device.is_cuda()) reject("the library noisylr_cuda is not loaded");
      reject("the parameters must be on a CUDA device, but are on ", device.str());
    }
  }
  reject("the optimizer has no parameters");
}

}  // namespace

DeviceGraph::~DeviceGraph() = default;

void register_device_graphs(at::DeviceType type, DeviceGraphFactory factory) {
  factories()[type] = factory;
}

bool has_device_graphs(at::DeviceType type) {
  const auto factory = factories().find(type);
  return factory != factories().end() && factory->second;
}

CapturedStep::CapturedStep(torch::optim::Optimizer& optimizer, LossClosure closure)
    : optimizer_(optimizer),
      fused_(fused_optimizer(optimizer)),
      closure_(std::move(closure)),
      graph_(graph_for(optimizer)) {
  if (!closure_) reject("the closure is empty");
  fused_.lr_tensors(true);
}

CapturedStep::~CapturedStep() = default;

at::Tensor CapturedStep::step() {
  const StepGuard::Scope step(step_guard_);
  const auto launch = [this] { graph_->replay(); };
  is_replayed_ = recording_ != 0 && fused_.replay(recording_, launch);
  if (!is_replayed_) {
    if (recording_ != 0) {
      recording_ = 0;
      runs_ = kWarmUp - 1;
    }
    if (runs_ < kWarmUp || fused_.recording() == 0) return run();
    record();
    is_replayed_ = fused_.replay(recording_, launch);
  }
  show_gradients();
  return loss_;
}

/// A step without a recording, before which something is gathered anew.
at::Tensor CapturedStep::run() {
  if (runs_ == 2 * kWarmUp) {
    throw std::logic_error(
        "the step cannot be captured: ATen's operations do not step all parameters, or parameters, "
        "state or options other than the learning rate are replaced in each step");
  }
  at::Tensor loss;
  graph_->run([&] { loss = optimizer_.step(closure_).detach(); });
  ++runs_;
  return loss;
}

void CapturedStep::record() {
  graph_->record([this] { fused_.record(closure_, loss_); });
  recording_ = fused_.recording();
  runs_ = 0;
  gradients_.clear();
  for (const auto& group : optimizer_.param_groups()) {
    for (const at::Tensor& p : group.params()) {
      if (gradient_of(p).defined()) gradients_.emplace_back(p, gradient_of(p));
    }
  }
}

/// A step in between may have replaced them.
void CapturedStep::show_gradients() {
  for (auto& [parameter, gradient] : gradients_) {
    if (!gradient.is_same(gradient_of(parameter))) parameter.mutable_grad() = gradient;
  }
}

void CapturedStep::close() {
  const StepGuard::Scope closing(step_guard_, "close()");
  graph_.reset();
  closure_ = nullptr;
  loss_.reset();
  gradients_.clear();
}

}  // namespace noisylr
