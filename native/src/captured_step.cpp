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
      const auto factory = factories().find(p.device().type());
      if (factory == factories().end() || !factory->second) {
        reject(
            "a step can be captured on a CUDA device with the library noisylr_cuda, but the "
            "parameters are on ",
            p.device().str());
      }
      return factory->second(p.device());
    }
  }
  reject("the optimizer has no parameters");
}

[[noreturn]] void fail() {
  throw std::logic_error(
      "the step cannot be captured: ATen's operations do not step all parameters, or the closure "
      "replaces parameters, state or options");
}

}  // namespace

DeviceGraph::~DeviceGraph() = default;

void device_graphs(at::DeviceType type, DeviceGraphFactory factory) { factories()[type] = factory; }

CapturedStep::CapturedStep(torch::optim::Optimizer& optimizer, LossClosure closure)
    : optimizer_(optimizer),
      fused_(fused_optimizer(optimizer)),
      closure_(std::move(closure)),
      graph_(graph_for(optimizer)) {
  fused_.lr_tensors(true);
}

CapturedStep::~CapturedStep() = default;

at::Tensor CapturedStep::step() {
  const auto launch = [this] { graph_->replay(); };
  is_replayed_ = is_recorded_ && fused_.replay(launch);
  if (is_replayed_) return loss_;
  if (is_recorded_) {
    // Something was replaced: one step gathers it anew.
    is_recorded_ = false;
    runs_ = kWarmUp - 1;
  }
  if (runs_ < kWarmUp) {
    at::Tensor loss;
    graph_->run([&] { loss = optimizer_.step(closure_); });
    ++runs_;
    return loss;
  }
  graph_->record([this] {
    loss_ = closure_().detach();
    if (!fused_.record()) fail();
  });
  gradients_.clear();
  for (const auto& group : optimizer_.param_groups()) {
    for (const at::Tensor& p : group.params()) gradients_.push_back(gradient_of(p));
  }
  is_recorded_ = true;
  is_replayed_ = fused_.replay(launch);
  if (!is_replayed_) fail();
  return loss_;
}

}  // namespace noisylr
