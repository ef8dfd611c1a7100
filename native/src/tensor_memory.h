/// @file
/// Where the values of tensors are in memory.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace noisylr {

// Every step calls these for every tensor, so they are inline and read the implementation.

inline bool has_memory(const at::Tensor& t) {
  return static_cast<bool>(t.unsafeGetTensorImpl()->unsafe_storage());
}

inline const at::Tensor& gradient_of(const at::Tensor& parameter) {
  return std::as_const(*parameter.unsafeGetTensorImpl()).grad();
}

/// Whether the values of a tensor are exactly its memory, without gaps.
inline bool is_plain(const at::Tensor& t) {
  return t.layout() == at::kStrided && has_memory(t) && t.is_non_overlapping_and_dense() &&
         !t.is_neg() && !t.is_conj();
}

/// Whether equal offsets in the memory of two plain tensors are equal indices.
inline bool is_alike(const at::Tensor& t, const at::Tensor& parameter) {
  if (t.scalar_type() != parameter.scalar_type() || t.device() != parameter.device() ||
      t.sizes() != parameter.sizes()) {
    return false;
  }
  const auto sizes = t.sizes(), strides = t.strides(), others = parameter.strides();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (strides[i] != others[i] && sizes[i] > 1) return false;
  }
  return true;
}

/// Whether two plain tensors that are alike share memory.
inline bool overlap(const at::Tensor& a, const at::Tensor& b) {
  const auto begin = reinterpret_cast<uintptr_t>(a.const_data_ptr());
  const auto other = reinterpret_cast<uintptr_t>(b.const_data_ptr());
  return (begin < other ? other - begin : begin - other) < a.nbytes();
}

/// Which parameters, counted over all groups, share memory with others, so that they must be
/// stepped one after the other.
std::vector<bool> find_shared(const std::vector<torch::optim::OptimizerParamGroup>& groups);

}  // namespace noisylr
