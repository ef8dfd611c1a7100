#include "noisylr/tracked_parameters.h"

#include "groups.h"

namespace noisylr {

void TrackedParameters::update(torch::optim::Optimizer& optimizer) {
  decltype(references_) present;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      if (parameter.defined()) {
        present.try_emplace(parameter.unsafeGetTensorImpl(), parameter.getIntrusivePtr());
      }
    }
  }
  erase_states(optimizer.state(),
               [&](const auto& state) { return !present.contains(state.first); });
  references_.swap(present);
}

}  // namespace noisylr
