// DeviceGraph of CUDA: at::cuda::CUDAGraph.

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

#include "noisylr/captured_step.h"

namespace noisylr {
namespace {

class CudaGraph final : public DeviceGraph {
 public:
  explicit CudaGraph(at::Device device)
      : stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}

  void run(const Work& work) override {
    c10::cuda::getCurrentCUDAStream(stream_.device_index()).synchronize();
    const c10::cuda::CUDAStreamGuard guard(stream_);
    work();
    stream_.synchronize();
  }

  void record(const Work& work) override {
    graph_ = std::make_unique<at::cuda::CUDAGraph>();
    run([this, &work] {
      // The other modes fail if JavaCPP's thread frees a tensor on the device meanwhile.
      graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        abandon();
        throw;
      }
      graph_->capture_end();
    });
  }

  void replay() override { graph_->replay(); }

 private:
  /// Ends a recording that failed; what failed may have ended it already.
  void abandon() noexcept {
    try {
      graph_->capture_end();
    } catch (const std::exception&) {
    }
  }

  c10::cuda::CUDAStream stream_;
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
};

const bool is_registered = [] {
  register_device_graphs(at::kCUDA, [](at::Device device) -> std::unique_ptr<DeviceGraph> {
    return std::make_unique<CudaGraph>(device);
  });
  return true;
}();

}  // namespace
}  // namespace noisylr
