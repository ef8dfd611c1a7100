#include "noisylr/state.h"

#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "check.h"
#include "noisylr/noisy.h"
#include "problem.h"

namespace state_test {

using namespace noisylr;
using namespace torch::optim;

namespace {

struct State {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;

  explicit State(torch::optim::Optimizer& optimizer) {
    optimizer_state(optimizer, names, tensors);
    for (at::Tensor& tensor : tensors) tensor = tensor.clone();
  }

  size_t index(const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    EXPECT(found != names.end());
    return static_cast<size_t>(found - names.begin());
  }

  at::Tensor& operator[](const std::string& name) { return tensors[index(name)]; }

  void erase(const std::string& name) {
    const auto i = static_cast<std::ptrdiff_t>(index(name));
    names.erase(names.begin() + i);
    tensors.erase(tensors.begin() + i);
  }

  void load_into(torch::optim::Optimizer& optimizer) const {
    load_optimizer_state(optimizer, names, tensors);
  }

  bool operator==(const State& other) const {
    return names == other.names &&
           std::equal(tensors.begin(), tensors.end(), other.tensors.begin(), other.tensors.end(),
                      [](const at::Tensor& a, const at::Tensor& b) {
                        return a.scalar_type() == b.scalar_type() && at::equal(a, b);
                      });
  }
};

template <class Base>
const std::vector<std::string> kFields;
template <>
const std::vector<std::string> kFields<SGD>{"momentum_buffer"};
template <>
const std::vector<std::string> kFields<Adam>{"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
template <>
const std::vector<std::string> kFields<torch::optim::AdamW>{"step", "exp_avg", "exp_avg_sq"};
template <>
const std::vector<std::string> kFields<torch::optim::Adagrad>{"step", "sum"};
template <>
const std::vector<std::string> kFields<torch::optim::RMSprop>{"step", "square_avg",
                                                              "momentum_buffer", "grad_avg"};

}  // namespace

TEST_EACH_OPTIMIZER(state_is_named_by_group_parameter_and_field) {
  Problem problem;
  Base optimizer(two_groups<Base>(problem), options<Base>());
  train(optimizer, problem, 3);
  std::vector<std::string> expected;
  for (const char* prefix : {"0.0.", "0.1.", "1.0."}) {
    for (const std::string& field : kFields<Base>) expected.push_back(prefix + field);
  }
  State state(optimizer);
  EXPECT(state.names == expected);
  const auto pairs = optimizer_state(optimizer);
  EXPECT_EQ(pairs.size(), expected.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(pairs[i].first, expected[i]);
    EXPECT(at::equal(pairs[i].second, state.tensors[i]));
    if (expected[i].ends_with(".step")) {
      EXPECT(pairs[i].second.scalar_type() == at::kLong);
      EXPECT_EQ(pairs[i].second.dim(), 0);
      EXPECT_EQ(pairs[i].second.template item<int64_t>(), 3);
    }
  }
}

TEST_EACH_OPTIMIZER(training_resumes_bit_for_bit_in_a_new_optimizer) {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.per_step = true;
  Problem problem;
  Noisy<Base> saved(two_groups<Base>(problem), options<Base>(), spec);
  train(saved, problem, 20);
  Problem copy;
  {
    at::NoGradGuard no_grad;
    const auto from = problem.parameters(), to = copy.parameters();
    for (size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  }
  Noisy<Base> loaded(two_groups<Base>(copy), options<Base>(), spec);
  State state(saved);
  std::reverse(state.names.begin(), state.names.end());
  std::reverse(state.tensors.begin(), state.tensors.end());
  state.load_into(loaded);
  loaded.steps(saved.steps());
  EXPECT(State(loaded) == State(saved));
  expect_same_steps(saved, problem, loaded, copy, 20);
}

TEST_EACH_OPTIMIZER(each_field_is_needed) {
  Problem problem;
  Base optimizer(two_groups<Base>(problem), options<Base>());
  train(optimizer, problem, 3);
  const State before(optimizer);
  for (const std::string& field : kFields<Base>) {
    if (kFields<Base>.size() == 1) continue;  // then the parameter just has no state
    State state = before;
    state.erase("0.1." + field);
    EXPECT_THROWS(std::invalid_argument, state.load_into(optimizer),
                  "state 0.1." + field + " is missing");
    EXPECT(State(optimizer) == before);
  }
}

TEST(a_parameter_without_state_contributes_nothing) {
  Problem problem;
  const at::Tensor unused = at::zeros({2}).requires_grad_();
  Adam adam({problem.w, unused, problem.b, problem.v}, AdamOptions(0.01));
  EXPECT(State(adam).names.empty());
  train(adam, problem, 1);
  const State state(adam);
  EXPECT_EQ(state.names.size(), size_t{9});
  EXPECT(std::none_of(state.names.begin(), state.names.end(),
                      [](const std::string& name) { return name.starts_with("0.1."); }));
  Adam other({problem.w, unused, problem.b, problem.v}, AdamOptions(0.01));
  state.load_into(other);
  EXPECT(State(other) == state);
}

TEST(sgd_without_momentum_has_no_state) {
  Problem problem;
  SGD sgd(problem.parameters(), SGDOptions(0.1));
  train(sgd, problem, 2);
  EXPECT(State(sgd).names.empty());
  State(sgd).load_into(sgd);
  EXPECT(State(sgd).names.empty());
}

TEST(loading_replaces_all_state) {
  Problem problem;
  Adam adam(problem.parameters(), AdamOptions(0.01));
  const State empty(adam);
  train(adam, problem, 3);
  empty.load_into(adam);
  EXPECT(State(adam).names.empty());
}

TEST(state_is_a_view_and_loading_copies) {
  Problem problem;
  Adam adam(problem.parameters(), AdamOptions(0.01));
  train(adam, problem, 1);
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  optimizer_state(adam, names, tensors);
  const State before(adam);
  Adam other(problem.parameters(), AdamOptions(0.01));
  load_optimizer_state(other, names, tensors);
  train(adam, problem, 1);
  EXPECT(!at::equal(tensors[1], before.tensors[1]));
  EXPECT(State(other) == before);
}

TEST(buffers_take_the_memory_layout_of_their_parameters) {
  const at::Tensor p =
      at::randn({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  SGD sgd({p}, SGDOptions(0.1).momentum(0.9));
  const at::Tensor buffer = at::randn({2, 3, 4, 4});
  load_optimizer_state(sgd, {"0.0.momentum_buffer"}, {buffer});
  const auto state = optimizer_state(sgd);
  EXPECT_EQ(state.size(), size_t{1});
  EXPECT(state[0].second.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT(at::equal(state[0].second, buffer));
  EXPECT(!state[0].second.requires_grad());
}

TEST(state_that_does_not_fit_is_rejected_and_changes_nothing) {
  Problem problem;
  Adam adam(problem.parameters(), AdamOptions(0.01));
  train(adam, problem, 3);
  const State right(adam);
  const auto rejected = [&](auto change, const std::string& message) {
    State state = right;
    change(state);
    EXPECT_THROWS(std::invalid_argument, state.load_into(adam), message);
    EXPECT(State(adam) == right);
  };
  rejected([](State& s) { s.tensors.pop_back(); },
           "there must be one tensor for each name, but there are 9 and 8");
  rejected([](State& s) { s.names[1] = s.names[0]; }, "state 0.0.step appears twice");
  rejected([](State& s) { s["0.2.exp_avg"] = at::Tensor(); },
           "state 0.2.exp_avg is an undefined tensor");
  rejected(
      [](State& s) {
        s["0.0.exp_avg"] = at::zeros({5, 3});
      },
      "state 0.0.exp_avg must have shape [3, 5], but has [5, 3]");
  rejected([](State& s) { s["0.1.exp_avg_sq"] = at::zeros({5}, at::kDouble); },
           "state 0.1.exp_avg_sq must be of type Float, but is Double");
  rejected([](State& s) { s["0.0.step"] = at::ones({}); },
           "state 0.0.step must be a Long of shape [], but is a Float of shape []");
  rejected([](State& s) { s["0.0.step"] = at::ones({1}, at::kLong); },
           "state 0.0.step must be a Long of shape [], but is a Long of shape [1]");
  rejected([](State& s) { s["0.2.step"] = at::full({}, -1, at::kLong); },
           "state 0.2.step must be at least 0, but is -1");
  rejected(
      [](State& s) {
        s.names.push_back("0.3.exp_avg");
        s.tensors.push_back(at::zeros({5}));
      },
      "state 0.3.exp_avg is unknown to the optimizer");
  rejected(
      [](State& s) {
        s.names.push_back("0.0.momentum_buffer");
        s.tensors.push_back(at::zeros({3, 5}));
      },
      "state 0.0.momentum_buffer is unknown to the optimizer");
}

TEST(state_without_a_required_buffer_is_rejected) {
  Problem problem;
  Adam plain(problem.parameters(), AdamOptions(0.01));
  train(plain, problem, 1);
  Adam amsgrad(problem.parameters(), AdamOptions(0.01).amsgrad(true));
  EXPECT_THROWS(std::invalid_argument, State(plain).load_into(amsgrad),
                "state 0.0.max_exp_avg_sq is missing");
}

TEST(adagrad_needs_state_for_every_parameter) {
  using torch::optim::Adagrad;
  Problem problem;
  Adagrad adagrad(problem.parameters(), options<Adagrad>());
  const State right(adagrad);
  EXPECT_EQ(right.names.size(), size_t{6});
  State state = right;
  state.erase("0.2.step");
  state.erase("0.2.sum");
  EXPECT_THROWS(std::invalid_argument, state.load_into(adagrad), "state 0.2.step is missing");
  // The fused one makes it in the step.
  noisylr::NoisyAdagrad fused(problem.parameters(), options<Adagrad>());
  state.load_into(fused);
  EXPECT_EQ(fused.state().size(), adagrad.state().size() - 1);
  problem.loss();
  fused.step();
  EXPECT(State(adagrad) == right);
}

TEST(other_optimizers_are_rejected) {
  Problem problem;
  torch::optim::LBFGS lbfgs(problem.parameters());
  const char* message =
      "the optimizer must be an SGD, Adam, AdamW, Adagrad, RMSprop, L4Mom or L4Adam";
  EXPECT_THROWS(std::invalid_argument, (void)optimizer_state(lbfgs), message);
  EXPECT_THROWS(std::invalid_argument, load_optimizer_state(lbfgs, {}, {}), message);
}

}  // namespace state_test
