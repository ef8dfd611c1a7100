#include "noisylr/l4.h"

#include <cmath>
#include <vector>

#include "check.h"
#include "noisylr/noisy.h"
#include "noisylr/state.h"
#include "problem.h"

namespace l4_test {

namespace {

using noisylr::L4Adam;
using noisylr::L4Mom;
using noisylr::L4Options;

/// f(x) = 1 + sum of k·x_k² over k = 1, 2, 3, with its gradient, in plain doubles.
struct Quadratic {
  std::vector<double> x{1.5, -2, 0.5};

  double loss() const {
    double sum = 1;
    for (size_t k = 0; k < x.size(); ++k) sum += static_cast<double>(k + 1) * x[k] * x[k];
    return sum;
  }

  std::vector<double> gradient() const {
    std::vector<double> g;
    for (size_t k = 0; k < x.size(); ++k) g.push_back(2 * static_cast<double>(k + 1) * x[k]);
    return g;
  }
};

/// L4 written from its paper, without tensors.
struct Reference {
  bool adam;
  L4Options settings;
  Quadratic f = {};
  std::vector<double> mean = {0, 0, 0}, square = {0, 0, 0};
  double min_loss = 0;
  int step = 0;

  double operator()() {
    const double loss = f.loss();
    const std::vector<double> g = f.gradient();
    ++step;
    min_loss = step == 1 ? settings.init_factor() * loss : std::min(min_loss, loss);
    std::vector<double> v(3), estimate(3);
    double inner = 0;
    for (size_t k = 0; k < 3; ++k) {
      mean[k] = settings.momentum() * mean[k] + (1 - settings.momentum()) * g[k];
      square[k] = settings.beta2() * square[k] + (1 - settings.beta2()) * g[k] * g[k];
      estimate[k] = mean[k] / (1 - std::pow(settings.momentum(), step));
      const double s = square[k] / (1 - std::pow(settings.beta2(), step));
      v[k] = adam ? estimate[k] / (std::sqrt(s) + settings.adam_eps()) : estimate[k];
      inner += estimate[k] * v[k];
    }
    const double eta = settings.fraction() * (loss - settings.minloss_factor() * min_loss) /
                       (inner + settings.eps());
    for (size_t k = 0; k < 3; ++k) f.x[k] -= eta * v[k];
    min_loss *= 1 + 1 / settings.forget_time();
    return eta;
  }
};

/// The same function of two tensors.
struct Tensors {
  at::Tensor a = at::tensor({1.5, -2.0}, at::kDouble).requires_grad_();
  at::Tensor b = at::tensor({0.5}, at::kDouble).requires_grad_();

  at::Tensor loss() const {
    for (const at::Tensor& p : {a, b}) p.mutable_grad().reset();
    at::Tensor value =
        1 + (at::tensor({1.0, 2.0}, at::kDouble) * a.square()).sum() + 3 * b.square().sum();
    value.backward();
    return value;
  }

  std::vector<double> x() const {
    return {a[0].item<double>(), a[1].item<double>(), b[0].item<double>()};
  }
};

/// Steps an optimizer of both tensors whose fraction for b is 0.
void expect_step_of_a_only(L4Mom& optimizer, const Tensors& tensors) {
  const std::vector<double> before = tensors.x();
  optimizer.step([&] { return tensors.loss(); });
  EXPECT(tensors.x()[0] != before[0]);
  EXPECT_EQ(tensors.x()[2], before[2]);
}

template <class Optimizer>
void follows_the_reference(bool adam, const L4Options& settings) {
  Tensors tensors;
  Optimizer optimizer({tensors.a, tensors.b}, settings);
  Reference reference{adam, settings};
  for (int i = 0; i < 60; ++i) {
    const double before = reference.f.loss();
    const at::Tensor loss = optimizer.step([&] { return tensors.loss(); });
    const double eta = reference();
    EXPECT(std::abs(loss.item<double>() - before) <= 1e-9 * before);
    EXPECT(std::abs(settings.fraction() * optimizer.last_scale() - eta) <=
           1e-9 * std::max(1.0, std::abs(eta)));
    for (size_t k = 0; k < 3; ++k) {
      EXPECT(std::abs(tensors.x()[k] - reference.f.x[k]) <= 1e-10);
    }
  }
  EXPECT(tensors.loss().item<double>() < 6);  // from 12
}

}  // namespace

TEST(momentum_follows_an_independent_implementation) {
  follows_the_reference<L4Mom>(false, L4Options());
  follows_the_reference<L4Mom>(false, L4Options(0.3).momentum(0.5).forget_time(10));
}

TEST(adam_follows_an_independent_implementation) {
  follows_the_reference<L4Adam>(true, L4Options());
  follows_the_reference<L4Adam>(true, L4Options(0.1).beta2(0.9).adam_eps(1e-2).init_factor(0.5));
}

TEST(a_step_requires_a_closure) {
  Tensors tensors;
  L4Mom optimizer({tensors.a});
  EXPECT_THROWS(std::invalid_argument, optimizer.step(),
                "a step of L4 requires a closure that returns the loss");
}

TEST(settings_are_checked) {
  Tensors tensors;
  const auto make = [&](const L4Options& settings) { L4Adam({tensors.a}, settings); };
  EXPECT_THROWS(std::invalid_argument, make(L4Options(-1)),
                "fraction must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().minloss_factor(2)),
                "minloss_factor must be in [0, 1], but is 2");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().init_factor(0)),
                "init_factor must be in (0, 1], but is 0");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().forget_time(0)),
                "forget_time must be greater than 0, but is 0");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().eps(0)),
                "eps must be greater than 0, but is 0");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().momentum(1)),
                "momentum must be in [0, 1), but is 1");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().beta2(-0.5)),
                "beta2 must be in [0, 1), but is -0.5");
  EXPECT_THROWS(std::invalid_argument, make(L4Options().adam_eps(-1)),
                "adam_eps must be greater than 0, but is -1");
}

TEST(groups_have_fractions_of_their_own_and_share_the_scale) {
  Tensors tensors;
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{tensors.a});
  groups.emplace_back(std::vector<at::Tensor>{tensors.b}, std::make_unique<L4Options>(0));
  L4Mom optimizer(groups, L4Options(0.2));
  expect_step_of_a_only(optimizer, tensors);
}

TEST(noise_acts_on_the_fraction) {
  Tensors plain, noisy;
  L4Mom a({plain.a, plain.b}, L4Options(0.15));
  L4Mom b({noisy.a, noisy.b}, L4Options(0.15));
  noisylr::StepHook hook(b, noisylr::NoiseSpec::uniform(8));
  hook.epoch(0);
  const std::vector<double> before = plain.x();
  a.step([&] { return plain.loss(); });
  hook.step([&] { return noisy.loss(); });
  const double factor = hook.realised_lr() / 0.15;
  EXPECT(std::abs((noisy.x()[0] - before[0]) / (plain.x()[0] - before[0]) - factor) < 1e-12);
  EXPECT_EQ(static_cast<L4Options&>(b.param_groups()[0].options()).fraction(), 0.15);
}

TEST(state_and_archive_bring_a_run_back_bit_for_bit) {
  Problem problem, by_state, by_archive;
  L4Adam saved(problem.parameters());
  for (int i = 0; i < 5; ++i) saved.step([&] { return problem.loss(); });
  for (Problem* copy : {&by_state, &by_archive}) {
    at::NoGradGuard no_grad;
    const auto to = copy->parameters(), from = problem.parameters();
    for (size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  }
  L4Adam first(by_state.parameters()), second(by_archive.parameters());
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  noisylr::optimizer_state(saved, names, tensors);
  EXPECT_EQ(names.size(), 12U);
  EXPECT_EQ(names[1], "0.0.min_loss");
  noisylr::load_optimizer_state(first, names, tensors);
  auto archive = archived(saved);
  second.load(archive);
  for (int i = 0; i < 5; ++i) {
    saved.step([&] { return problem.loss(); });
    first.step([&] { return by_state.loss(); });
    second.step([&] { return by_archive.loss(); });
  }
  EXPECT(problem == by_state);
  EXPECT(problem == by_archive);
}

TEST(other_options_are_rejected_and_later_groups_keep_their_own) {
  Tensors tensors;
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{tensors.a},
                      std::make_unique<torch::optim::SGDOptions>(0.1));
  EXPECT_THROWS(std::invalid_argument, L4Mom(groups, L4Options()),
                "the options of a parameter group of L4 must be L4Options");
  L4Mom optimizer({tensors.a});
  optimizer.add_param_group(torch::optim::OptimizerParamGroup(std::vector<at::Tensor>{tensors.b},
                                                              std::make_unique<L4Options>(0)));
  EXPECT_THROWS(std::invalid_argument,
                optimizer.add_param_group(torch::optim::OptimizerParamGroup(
                    std::vector<at::Tensor>{at::zeros({1})}, std::make_unique<L4Options>(-1))),
                "fraction must be at least 0, but is -1");
  expect_step_of_a_only(optimizer, tensors);
}

TEST(a_loss_that_is_no_number_changes_nothing) {
  Tensors tensors, clean;
  L4Adam optimizer({tensors.a, tensors.b}), reference({clean.a, clean.b});
  const at::Tensor loss = optimizer.step([&] { return tensors.loss() * std::nan(""); });
  EXPECT(std::isnan(loss.item<double>()));
  EXPECT(std::isnan(optimizer.last_scale()));
  EXPECT(optimizer.state().empty());
  for (int i = 0; i < 3; ++i) {
    optimizer.step([&] { return tensors.loss(); });
    reference.step([&] { return clean.loss(); });
  }
  EXPECT(tensors.x() == clean.x());
}

TEST(the_least_loss_is_that_of_all_steps_also_for_parameters_without_gradient) {
  // b has no gradient for a while; when it returns, the least loss is the recent one.
  Tensors tensors;
  L4Mom optimizer({tensors.b, tensors.a});
  const auto with = [&](bool b) {
    return [&tensors, b] {
      at::Tensor loss = tensors.loss();
      if (!b) tensors.b.mutable_grad().reset();
      return loss;
    };
  };
  optimizer.step(with(true));
  for (int i = 0; i < 5; ++i) optimizer.step(with(false));
  double least[2];
  int i = 0;
  for (const auto& [parameter, state] : optimizer.state()) {
    least[i++] = static_cast<const noisylr::L4ParamState&>(*state).min_loss();
  }
  EXPECT_EQ(i, 2);
  EXPECT_EQ(least[0], least[1]);
}

TEST(the_states_of_both_kinds_are_not_exchanged) {
  Tensors tensors;
  L4Mom mom({tensors.a});
  L4Adam adam({tensors.a});
  mom.step([&] { return tensors.loss(); });
  adam.step([&] { return tensors.loss(); });
  const auto load = [](torch::optim::Optimizer& from, torch::optim::Optimizer& to) {
    std::vector<std::string> names;
    std::vector<at::Tensor> values;
    noisylr::optimizer_state(from, names, values);
    noisylr::load_optimizer_state(to, names, values);
  };
  EXPECT_THROWS(std::invalid_argument, load(mom, adam), "state 0.0.exp_avg_sq is missing");
  EXPECT_THROWS(std::invalid_argument, load(adam, mom),
                "state 0.0.exp_avg_sq is unknown to the optimizer");
  auto of_mom = archived(mom);
  EXPECT_THROWS(std::invalid_argument, adam.load(of_mom), "state exp_avg_sq is missing");
  adam.step([&] { return tensors.loss(); });  // Its own state is still there.
}

}  // namespace l4_test
