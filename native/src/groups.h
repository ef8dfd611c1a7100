/// @file
/// What LibTorch takes for granted of parameter groups, and reads or frees memory wrongly without.
#pragma once

#include <c10/util/Type.h>
#include <torch/optim/optimizer.h>

#include <iterator>
#include <set>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "check.h"

namespace noisylr {

/// The options of a group as those of its optimizer's class.
/// @throws std::invalid_argument if they are of another class
template <class Options, class Groups>
auto& options_of(Groups& groups, size_t group) {
  auto& options = groups[group].options();
  using Known = std::remove_reference_t<decltype(options)>;
  using Own = std::conditional_t<std::is_const_v<Known>, const Options, Options>;
  if (typeid(options) == typeid(Options)) return static_cast<Own&>(options);
  if (auto* own = dynamic_cast<Own*>(&options)) return *own;
  refuse("the options of parameter group ", group, " must be ", c10::demangle_type<Options>());
}

/// @throws std::invalid_argument if the options of a group are of another class
template <class Options, class Groups>
void check_options(Groups& groups) {
  for (size_t g = 0; g < groups.size(); ++g) options_of<Options>(groups, g);
}

/// LibTorch loads the state of a parameter that is there twice into the first place alone, and a
/// null state into the second.
/// @throws std::invalid_argument if the groups have a parameter twice, or foreign options
template <class Options>
void check_loadable(const std::vector<torch::optim::OptimizerParamGroup>& groups) {
  check_options<Options>(groups);
  std::set<const at::TensorImpl*> seen;
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& parameters = groups[g].params();
    for (size_t p = 0; p < parameters.size(); ++p) {
      if (parameters[p].defined() && !seen.insert(parameters[p].unsafeGetTensorImpl()).second) {
        refuse("parameter ", p, " of parameter group ", g,
               " is there twice, so its state cannot be loaded");
      }
    }
  }
}

/// Removes null states, which LibTorch makes and does not expect.
/// @return whether there were any
template <class States>
bool remove_null(States& states) {
  const size_t before = states.size();
  for (auto state = states.begin(); state != states.end();) {
    state = state->second ? std::next(state) : states.erase(state);
  }
  return states.size() < before;
}

/// What follows a load.
/// @throws std::invalid_argument if the archive's groups had a parameter twice
template <class States>
void check_loaded(States& states) {
  if (remove_null(states)) {
    refuse("the archive has a parameter twice in its groups, so its state cannot be loaded");
  }
}

}  // namespace noisylr
