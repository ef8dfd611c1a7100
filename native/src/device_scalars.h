/// @file
/// What ATen's operations read on the device besides the parameters: learning rates, counts of
/// steps.
#pragma once

#include <ATen/ops/full.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "aten_step.h"

namespace noisylr {

/// Float tensors without dimensions, written only where the host's numbers are others.
class DeviceScalars {
 public:
  /// The learning rate of a bucket, written.
  template <class Options>
  const at::Tensor& lr(const Bucket<Options>& bucket) {
    const double lr = bucket.options->lr();
    if (Scalar<double>* known = find_lr(bucket)) {
      known->write(lr, bucket.device);
      return known->tensor;
    }
    Scalar<double> created;
    created.write(lr, bucket.device);
    return lrs_.emplace_back(bucket.group, std::move(created)).second.tensor;
  }

  /// The same tensor, as it is; the bucket has one.
  template <class Options>
  const at::Tensor& written_lr(const Bucket<Options>& bucket) {
    return find_lr(bucket)->tensor;
  }

  /// Puts the tensors of the completed steps of a bucket's parameters into the bucket.
  template <class Options>
  void write_steps(Bucket<Options>& bucket) {
    bucket.steps.clear();
    for (size_t i = 0; i < bucket.counts.size(); ++i) {
      Scalar<int64_t>& known = steps_[bucket.parameters[i].unsafeGetTensorImpl()];
      known.write(*bucket.counts[i], bucket.device);
      bucket.steps.push_back(known.tensor);
    }
  }

  /// The device has counted a step.
  template <class Options>
  void counted(const Bucket<Options>& bucket) {
    for (size_t i = 0; i < bucket.counts.size(); ++i) {
      ++steps_[bucket.parameters[i].unsafeGetTensorImpl()].written;
    }
  }

  /// Whether the bucket has a learning rate, and the device's counts of steps are the host's.
  template <class Options>
  bool has(const Bucket<Options>& bucket) {
    if (!find_lr(bucket)) return false;
    for (size_t i = 0; i < bucket.counts.size(); ++i) {
      const auto known = steps_.find(bucket.parameters[i].unsafeGetTensorImpl());
      if (known == steps_.end() || known->second.written != *bucket.counts[i]) return false;
    }
    return true;
  }

  /// Frees the counts of parameters that no slot has.
  template <class Slots>
  void keep(const Slots& slots) {
    if (steps_.empty()) return;
    std::set<const void*> present;
    for (const auto& slot : slots) present.insert(slot.parameter);
    std::erase_if(steps_, [&](const auto& entry) { return !present.contains(entry.first); });
  }

 private:
  template <class Number>
  struct Scalar {
    at::Tensor tensor = {};
    Number written = 0;

    void write(Number number, at::Device device) {
      if (!tensor.defined() || tensor.device() != device) {
        tensor = at::full({}, number, at::TensorOptions(device).dtype(at::kFloat));
      } else if (number != written) {
        tensor.fill_(number);
      }
      written = number;
    }
  };

  template <class Options>
  Scalar<double>* find_lr(const Bucket<Options>& bucket) {
    for (auto& [group, scalar] : lrs_) {
      if (group == bucket.group && scalar.tensor.device() == bucket.device) return &scalar;
    }
    return nullptr;
  }

  std::vector<std::pair<size_t, Scalar<double>>> lrs_;  // by group; one for each device
  std::map<const void*, Scalar<int64_t>> steps_;        // by parameter
};

}  // namespace noisylr
