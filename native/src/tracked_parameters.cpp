#include "noisylr/tracked_parameters.h"

#include <unordered_set>

#include "groups.h"

namespace noisylr {

void TrackedParameters::update(torch::optim::Optimizer& optimizer) {
  decltype(references_) references;
  std::unordered_set<const void*> present;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      references.emplace_back(parameter.getIntrusivePtr());
      present.insert(parameter.unsafeGetTensorImpl());
    }
  }
  erase_states(optimizer.state(),
               [&](const auto& state) { return !present.contains(state.first); });
  references_.swap(references);
}

void TrackedParameters::update_if_changed(torch::optim::Optimizer& optimizer) {
  auto known = references_.begin();
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      if (known == references_.end() ||
          known->_unsafe_get_target() != parameter.unsafeGetTensorImpl()) {
        return update(optimizer);
      }
      ++known;
    }
  }
  if (known != references_.end()) update(optimizer);
}

}  // namespace noisylr
