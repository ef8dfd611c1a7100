/// @file
/// What LibTorch assumes of parameter groups without checking it.
#pragma once

#include <c10/util/Type.h>
#include <torch/optim/optimizer.h>

#include <iterator>
#include <memory>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "archive.h"
#include "check.h"

namespace noisylr {

/// The options of a group as those of its optimizer's class.
/// @throws std::invalid_argument if they are of another class
template <class Options, class Groups>
auto& options_of(Groups& groups, size_t group) {
  auto& options = groups[group].options();
  using Known = std::remove_reference_t<decltype(options)>;
  using Own = std::conditional_t<std::is_const_v<Known>, const Options, Options>;
  if (auto* own = dynamic_cast<Own*>(&options)) return *own;
  reject("the options of parameter group ", group, " must be ", c10::demangle_type<Options>());
}

/// @throws std::invalid_argument if the options of a group are of another class
template <class Options, class Groups>
void check_options(Groups& groups) {
  for (size_t g = 0; g < groups.size(); ++g) options_of<Options>(groups, g);
}

/// The same for groups that may have no options: LibTorch silently ignores those of another class.
/// @throws std::invalid_argument if the options of a group are of another class
template <class Options, class Groups>
void check_own_options(Groups& groups) {
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].has_options()) options_of<Options>(groups, g);
  }
}

/// Groups that an optimizer has room for from the start, so that references to them stay valid
/// while groups are added.
inline constexpr size_t kGroupCapacity = 16;

/// Frees the state of an optimizer and gives up its parameters.
inline void release_tensors(torch::optim::Optimizer& optimizer) {
  std::remove_reference_t<decltype(optimizer.state())>().swap(optimizer.state());
  for (auto& group : optimizer.param_groups()) {
    for (at::Tensor& parameter : group.params()) parameter.reset();
  }
}

/// Erases the states for which a condition is true, each a pair of parameter and state.
/// @return whether there were any
template <class States, class Condition>
bool erase_states(States& states, Condition condition) {
  const size_t before = states.size();
  for (auto state = states.begin(); state != states.end();) {
    state = condition(*state) ? states.erase(state) : std::next(state);
  }
  return states.size() < before;
}

/// Runs load(), which loads an archive into the optimizer's state and options. If it throws,
/// neither has changed.
/// @throws std::invalid_argument if the archive does not fit the optimizer, if the options of a
///     group are of another class, or if a parameter is in the groups twice, here or in the
///     archive: LibTorch would load its state into one place alone, and a null state into the other
template <class Options, class Load>
void load_or_leave(torch::optim::Optimizer& optimizer, torch::serialize::InputArchive& archive,
                   Load load) {
  auto& groups = optimizer.param_groups();
  auto& states = optimizer.state();
  std::vector<Options> options;
  std::set<const at::TensorImpl*> seen;
  for (size_t g = 0; g < groups.size(); ++g) {
    options.push_back(options_of<Options>(groups, g));
    const auto& parameters = groups[g].params();
    for (size_t p = 0; p < parameters.size(); ++p) {
      if (parameters[p].defined() && !seen.insert(parameters[p].unsafeGetTensorImpl()).second) {
        reject("parameter ", p, " of parameter group ", g,
               " appears twice, so its state cannot be loaded");
      }
    }
  }
  check_archive(optimizer, archive);
  std::remove_reference_t<decltype(states)> before;
  for (const auto& [parameter, state] : states) {
    if (state) before.emplace(parameter, state->clone());
  }
  states.swap(before);  // `before` has the objects that others may point to
  try {
    load();
    // LibTorch makes null states in places and does not expect them.
    if (erase_states(states, [](const auto& state) { return !state.second; })) {
      reject("a parameter appears twice in the archive's groups, so its state cannot be loaded");
    }
    check_state_shapes(optimizer);
  } catch (...) {
    states.swap(before);
    for (size_t g = 0; g < groups.size(); ++g) options_of<Options>(groups, g) = options[g];
    throw;
  }
}

}  // namespace noisylr
