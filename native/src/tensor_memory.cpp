#include "tensor_memory.h"

#include <algorithm>

namespace noisylr {
namespace {

/// The memory from a tensor's first element to its last.
struct Extent {
  uintptr_t begin = 0;
  size_t bytes = 0;

  explicit Extent(const at::Tensor& t) {
    if (!has_memory(t) || t.numel() == 0) return;
    begin = reinterpret_cast<uintptr_t>(t.const_data_ptr());
    int64_t last = 0;
    const auto sizes = t.sizes(), strides = t.strides();
    for (size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
    bytes = static_cast<size_t>(last + 1) * t.itemsize();
  }

  uintptr_t end() const { return begin + bytes; }
};

}  // namespace

std::vector<bool> find_shared(const std::vector<torch::optim::OptimizerParamGroup>& groups) {
  std::vector<Extent> extents;
  for (const auto& group : groups) {
    for (const at::Tensor& p : group.params()) extents.emplace_back(p);
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i].bytes > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return extents[a].begin < extents[b].begin; });
  std::vector<bool> shared(extents.size());
  size_t farthest = order.empty() ? 0 : order.front();  // of those before, the one that ends last
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t next = order[i];
    if (extents[farthest].end() > extents[next].begin) shared[farthest] = shared[next] = true;
    if (extents[next].end() > extents[farthest].end()) farthest = next;
  }
  return shared;
}

}  // namespace noisylr
