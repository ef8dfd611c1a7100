#include "noisylr/state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>

#include <map>
#include <memory>
#include <type_traits>

#include "check.h"
#include "groups.h"
#include "l4_state.h"
#include "noisylr/noisy.h"
#include "state_fields.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerParamState;
using States = std::remove_reference_t<decltype(std::declval<Optimizer&>().state())>;

/// Collects the fields of one parameter's state.
struct Saver {
  std::string prefix;
  std::vector<std::string>& names;
  std::vector<at::Tensor>& tensors;

  void operator()(const char* field, const at::Tensor& buffer, bool) {
    if (buffer.defined()) add(field, buffer.detach());
  }

  void operator()(const char* field, int64_t count, bool) {
    add(field, at::scalar_tensor(count, at::kLong));
  }

  void operator()(const char* field, double number, bool) {
    add(field, at::scalar_tensor(number, at::kDouble));
  }

  void add(const char* field, at::Tensor tensor) {
    names.push_back(prefix + field);
    tensors.push_back(std::move(tensor));
  }
};

/// Checks the buffers of one parameter's state.
struct ShapeChecker {
  std::string prefix;
  const at::Tensor& parameter;

  void operator()(const char* field, const at::Tensor& buffer, bool) {
    if (buffer.defined() && buffer.sizes() != parameter.sizes()) {
      reject("state ", prefix, field, " has shape ", buffer.sizes(),
             " in the archive, but the parameter has ", parameter.sizes());
    }
  }

  void operator()(const char*, int64_t, bool) {}
  void operator()(const char*, double, bool) {}
};

using NamedTensors = std::map<std::string, at::Tensor>;

/// Fills the state of one parameter from named tensors, each of which must fit the parameter, and
/// removes those that it used.
struct Loader {
  std::string prefix;
  const at::Tensor& parameter;
  NamedTensors& named;
  size_t found = 0;
  std::string missing = {};

  void operator()(const char* field, at::Tensor& buffer, bool required) {
    const at::Tensor given = take(field, required);
    if (!given.defined()) return;
    if (given.sizes() != parameter.sizes()) {
      reject("state ", prefix, field, " must have shape ", parameter.sizes(), ", but has ",
             given.sizes());
    }
    if (given.scalar_type() != parameter.scalar_type()) {
      reject("state ", prefix, field, " must be of type ", parameter.scalar_type(), ", but is ",
             given.scalar_type());
    }
    buffer = at::empty_like(parameter).copy_(given);
  }

  void operator()(const char* field, int64_t& count, bool required) {
    const at::Tensor given = scalar(field, at::kLong, required);
    if (!given.defined()) return;
    count = given.item<int64_t>();
    if (count < 0) reject("state ", prefix, field, " must be at least 0, but is ", count);
  }

  void operator()(const char* field, double& number, bool required) {
    const at::Tensor given = scalar(field, at::kDouble, required);
    if (given.defined()) number = given.item<double>();
  }

  at::Tensor scalar(const char* field, at::ScalarType type, bool required) {
    at::Tensor given = take(field, required);
    if (given.defined() && (given.dim() != 0 || given.scalar_type() != type)) {
      reject("state ", prefix, field, " must be a ", type, " of shape [], but is a ",
             given.scalar_type(), " of shape ", given.sizes());
    }
    return given;
  }

  at::Tensor take(const char* field, bool required) {
    auto entry = named.extract(prefix + field);
    if (entry.empty()) {
      if (required && missing.empty()) missing = prefix + field;
      return {};
    }
    ++found;
    return std::move(entry.mapped());
  }
};

/// work(prefix, parameter, options) for each parameter of an optimizer.
template <class Options, class Work>
void for_each_parameter(Optimizer& optimizer, Work work) {
  auto& groups = optimizer.param_groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& options = options_of<Options>(groups, g);
    const auto& parameters = groups[g].params();
    for (size_t p = 0; p < parameters.size(); ++p) {
      work(std::to_string(g) + "." + std::to_string(p) + ".", parameters[p], options);
    }
  }
}

template <class State, class Options>
void save(Optimizer& optimizer, std::vector<std::string>& names, std::vector<at::Tensor>& tensors) {
  const auto& states = optimizer.state();
  for_each_parameter<Options>(
      optimizer, [&](std::string prefix, const at::Tensor& parameter, const Options& options) {
        const auto state = states.find(parameter.unsafeGetTensorImpl());
        if (state == states.end() || !state->second) return;
        Saver saver{std::move(prefix), names, tensors};
        visit_fields(static_cast<State&>(*state->second), options, saver);
      });
}

template <class State, class Options>
void check_shapes(Optimizer& optimizer) {
  const auto& states = optimizer.state();
  for_each_parameter<Options>(
      optimizer, [&](std::string prefix, const at::Tensor& parameter, const Options& options) {
        const auto state = states.find(parameter.unsafeGetTensorImpl());
        if (state == states.end()) return;
        ShapeChecker checker{std::move(prefix), parameter};
        visit_fields(static_cast<State&>(*state->second), options, checker);
      });
}

template <class State>
void check_state(const Optimizer&, const std::string&, const State&) {}

void check_state(const Optimizer& optimizer, const std::string& prefix, const L4ParamState& state) {
  check_l4_state(dynamic_cast<const L4&>(optimizer), prefix, state);
}

template <class State, class Options>
void load(Optimizer& optimizer, NamedTensors named) {
  // LibTorch's own Adagrad creates its state in the constructor and requires it in step().
  const bool always_has_state = std::is_same_v<Options, torch::optim::AdagradOptions> &&
                                !dynamic_cast<const FusedOptimizer*>(&optimizer);
  States states;
  for_each_parameter<Options>(
      optimizer, [&](std::string prefix, const at::Tensor& parameter, const Options& options) {
        auto state = std::make_unique<State>();
        Loader loader{prefix, parameter, named};
        visit_fields(*state, options, loader);
        if (!loader.missing.empty() && (loader.found > 0 || always_has_state)) {
          reject("state ", loader.missing, " is missing");
        }
        if (loader.found > 0) check_state(optimizer, prefix, *state);
        if (loader.found > 0) states[parameter.unsafeGetTensorImpl()] = std::move(state);
      });
  if (!named.empty()) reject("state ", named.begin()->first, " is unknown to the optimizer");
  optimizer.state() = std::move(states);
  if (auto* noisy = dynamic_cast<FusedOptimizer*>(&optimizer)) noisy->track_parameters();
  if (auto* l4 = dynamic_cast<L4*>(&optimizer)) l4->track_parameters();
}

/// Calls action<State, Options>() for the class of the optimizer.
template <class Action>
void dispatch(const Optimizer& optimizer, Action action) {
  using namespace torch::optim;
  if (dynamic_cast<const SGD*>(&optimizer)) {
    action.template operator()<SGDParamState, SGDOptions>();
  } else if (dynamic_cast<const Adam*>(&optimizer)) {
    action.template operator()<AdamParamState, AdamOptions>();
  } else if (dynamic_cast<const AdamW*>(&optimizer)) {
    action.template operator()<AdamWParamState, AdamWOptions>();
  } else if (dynamic_cast<const Adagrad*>(&optimizer)) {
    action.template operator()<AdagradParamState, AdagradOptions>();
  } else if (dynamic_cast<const RMSprop*>(&optimizer)) {
    action.template operator()<RMSpropParamState, RMSpropOptions>();
  } else if (dynamic_cast<const L4*>(&optimizer)) {
    action.template operator()<L4ParamState, L4Options>();
  } else {
    reject("the optimizer must be an SGD, Adam, AdamW, Adagrad, RMSprop, L4Mom or L4Adam");
  }
}

}  // namespace

void check_state_shapes(Optimizer& optimizer) {
  dispatch(optimizer,
           [&]<class State, class Options>() { check_shapes<State, Options>(optimizer); });
}

std::vector<std::pair<std::string, at::Tensor>> optimizer_state(Optimizer& optimizer) {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  optimizer_state(optimizer, names, tensors);
  std::vector<std::pair<std::string, at::Tensor>> state;
  state.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    state.emplace_back(std::move(names[i]), std::move(tensors[i]));
  }
  return state;
}

void optimizer_state(Optimizer& optimizer, std::vector<std::string>& names,
                     std::vector<at::Tensor>& tensors) {
  dispatch(optimizer,
           [&]<class State, class Options>() { save<State, Options>(optimizer, names, tensors); });
}

void load_optimizer_state(Optimizer& optimizer, const std::vector<std::string>& names,
                          const std::vector<at::Tensor>& tensors) {
  if (names.size() != tensors.size()) {
    reject("there must be one tensor for each name, but there are ", names.size(), " and ",
           tensors.size());
  }
  NamedTensors named;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!tensors[i].defined()) reject("state ", names[i], " is an undefined tensor");
    if (!named.emplace(names[i], tensors[i]).second) reject("state ", names[i], " appears twice");
  }
  at::NoGradGuard no_grad;
  dispatch(optimizer, [&]<class State, class Options>() {
    load<State, Options>(optimizer, std::move(named));
  });
}

}  // namespace noisylr
