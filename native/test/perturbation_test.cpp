#include "noisylr/perturbation.h"

#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "noisylr/l4.h"
#include "noisylr/noisy.h"
#include "problem.h"

namespace perturbation_test {

namespace {

using noisylr::Alrao;
using noisylr::GradientNoise;
using noisylr::Langevin;
using noisylr::PerturbedDescent;
using torch::optim::SGD;
using torch::optim::SGDOptions;

constexpr int64_t kMany = 200'000;

at::Tensor zeros(int64_t count) { return at::zeros({count}, at::kDouble).requires_grad_(); }

void zero_gradient(const at::Tensor& parameter) {
  parameter.mutable_grad() = at::zeros_like(parameter);
}

/// Within five standard errors of the mean and variance of N(0, expected).
void is_normal(const at::Tensor& values, double expected) {
  const auto n = static_cast<double>(values.numel());
  EXPECT(std::abs(values.mean().item<double>()) < 5 * std::sqrt(expected / n));
  EXPECT(std::abs(values.var().item<double>() - expected) < 5 * expected * std::sqrt(2 / n));
  const at::Tensor fourth = values.pow(4).mean() / (3 * expected * expected);
  EXPECT(std::abs(fourth.item<double>() - 1) < 5 * std::sqrt(96 / n) / 3 + 0.01);
}

}  // namespace

TEST(gradient_noise_is_normal_with_the_annealed_variance) {
  at::Tensor x = zeros(kMany);
  SGD optimizer({x}, SGDOptions(1));
  GradientNoise noise(optimizer, 0.3, 0.55, 1);
  for (const int64_t step : {0, 1, 99}) {
    noise.steps(step);
    zero_gradient(x);
    const at::Tensor before = x.detach().clone();
    noise.step();
    // The update of SGD with rate 1 is minus the gradient.
    is_normal(before - x.detach(), 0.3 / std::pow(1 + static_cast<double>(step), 0.55));
    EXPECT_EQ(noise.steps(), step + 1);
  }
}

TEST(draws_depend_on_seed_step_and_parameter_alone) {
  const auto draw = [](uint64_t seed, int64_t step) {
    at::Tensor x = zeros(4), y = zeros(4);
    SGD optimizer({x, y}, SGDOptions(1));
    GradientNoise noise(optimizer, 1, 0, seed);
    noise.steps(step);
    zero_gradient(x);
    zero_gradient(y);
    at::manual_seed(static_cast<uint64_t>(step));  // The global generator has no part in it.
    noise.step();
    return at::cat({x, y}).detach();
  };
  EXPECT(at::equal(draw(1, 5), draw(1, 5)));
  EXPECT(!at::equal(draw(1, 5), draw(2, 5)));
  EXPECT(!at::equal(draw(1, 5), draw(1, 6)));
  const at::Tensor both = draw(1, 5);
  EXPECT(!at::equal(both.slice(0, 0, 4), both.slice(0, 4, 8)));
}

TEST(the_global_generator_does_not_change) {
  at::manual_seed(3);
  const at::Tensor expected = at::randn({5});
  at::manual_seed(3);
  at::Tensor x = zeros(4);
  SGD optimizer({x}, SGDOptions(1));
  GradientNoise noise(optimizer, 1, 0, 1);
  zero_gradient(x);
  noise.step();
  EXPECT(at::equal(at::randn({5}), expected));
}

TEST(gradient_noise_of_size_zero_changes_nothing) {
  Problem plain, hooked;
  SGD a(plain.parameters(), options<SGD>()), b(hooked.parameters(), options<SGD>());
  GradientNoise noise(b, 0, 0.55, 1);
  for (int i = 0; i < 5; ++i) {
    a.step([&] { return plain.loss(); });
    noise.step([&] { return hooked.loss(); });
  }
  EXPECT(plain == hooked);
}

TEST(gradient_noise_joins_the_gradients_of_the_closure) {
  Problem first, second;
  SGD a(first.parameters(), SGDOptions(0.1)), b(second.parameters(), SGDOptions(0.1));
  GradientNoise with(a, 0.1, 0.55, 1), by_hand(b, 0.1, 0.55, 1);
  with.step([&] { return first.loss(); });
  second.loss();
  by_hand.step();
  EXPECT(first == second);
}

TEST(langevin_adds_noise_of_twice_rate_and_temperature) {
  at::Tensor x = zeros(kMany), y = zeros(kMany);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{x});
  groups.emplace_back(std::vector<at::Tensor>{y}, std::make_unique<SGDOptions>(0.02));
  SGD optimizer(groups, SGDOptions(0.5));
  Langevin langevin(optimizer, 0.25, 4);
  zero_gradient(x);
  zero_gradient(y);
  langevin.step();
  is_normal(x.detach(), 2 * 0.5 * 0.25);
  is_normal(y.detach(), 2 * 0.02 * 0.25);
}

/// On f(x) = x²/2 the stationary distribution of x ← x − lr·x + N(0, 2·lr·T) has the variance
/// T / (1 − lr/2).
TEST(langevin_samples_from_the_posterior) {
  at::Tensor x = zeros(20'000);
  SGD optimizer({x}, SGDOptions(0.1));
  Langevin langevin(optimizer, 0.5, 9);
  for (int i = 0; i < 100; ++i) {
    x.mutable_grad() = x.detach().clone();
    langevin.step();
  }
  is_normal(x.detach(), 0.5 / (1 - 0.05));
}

TEST(langevin_uses_the_realised_rate) {
  at::Tensor x = zeros(kMany);
  noisylr::NoiseSpec spec = noisylr::NoiseSpec::uniform(8);
  spec.seed = 3;
  noisylr::NoisySGD optimizer({x}, SGDOptions(0.5), spec);
  optimizer.epoch(0);
  Langevin langevin(optimizer, 0.25, 4);
  zero_gradient(x);
  langevin.step();
  EXPECT(optimizer.realised_lr() != 0.5);
  is_normal(x.detach(), 2 * optimizer.realised_lr() * 0.25);
}

TEST(perturbed_descent_draws_uniformly_from_the_ball) {
  const int n = 4000;
  std::vector<double> cubes;
  at::Tensor centre = at::zeros({3}, at::kDouble);
  for (int i = 0; i < n; ++i) {
    at::Tensor x = zeros(2), y = zeros(1);
    SGD optimizer({x, y}, SGDOptions(0));
    PerturbedDescent descent(optimizer, 0.5, 1, 0, static_cast<uint64_t>(i));
    descent.step([&] {
      zero_gradient(x);
      zero_gradient(y);
      return x.detach().sum();
    });
    const at::Tensor point = at::cat({x, y}).detach();
    const double radius = point.norm().item<double>();
    EXPECT(radius <= 0.5);
    cubes.push_back(std::pow(radius / 0.5, 3));
    centre += point / n;
  }
  // Of a uniform point, the cube of the radius is uniform and each coordinate has variance r²/5.
  std::sort(cubes.begin(), cubes.end());
  double distance = 0;
  for (int i = 0; i < n; ++i) {
    distance = std::max(distance, std::abs(cubes[static_cast<size_t>(i)] - (i + 0.5) / n));
  }
  EXPECT(distance < 1.95 / std::sqrt(n));  // Kolmogorov and Smirnov, p = 0.001
  EXPECT(centre.abs().max().item<double>() < 5 * std::sqrt(0.05 / n));
}

TEST(perturbed_descent_waits_for_a_small_gradient_and_the_interval) {
  at::Tensor x = at::tensor({3.0}, at::kDouble).requires_grad_();
  SGD optimizer({x}, SGDOptions(0.5));
  PerturbedDescent descent(optimizer, 1e-3, 1, 2, 1);
  int evaluations = 0;
  const auto closure = [&] {
    ++evaluations;
    x.mutable_grad() = x.detach().clone();  // f = x²/2
    return x.detach().square().sum() / 2;
  };
  std::vector<int64_t> perturbed;
  for (int64_t i = 0; i < 9; ++i) {
    evaluations = 0;
    descent.step(closure);
    if (descent.last_perturbation() == i) perturbed.push_back(i);
    EXPECT_EQ(evaluations, descent.last_perturbation() == i ? 2 : 1);
  }
  // |x| is 3, 1.5, 0.75, …: small enough in step 2, then every third step.
  EXPECT((perturbed == std::vector<int64_t>{2, 5, 8}));
  EXPECT_THROWS(std::invalid_argument, descent.step(),
                "a step of perturbed descent requires a closure that returns the loss");
}

TEST(perturbed_descent_escapes_a_saddle) {
  // f = x² − y², whose gradient at the origin is 0.
  const auto distance = [](double radius) {
    at::Tensor x = zeros(2);
    SGD optimizer({x}, SGDOptions(0.1));
    PerturbedDescent descent(optimizer, radius, 1e-3, 10, 1);
    const at::Tensor curvature = at::tensor({2.0, -2.0}, at::kDouble);
    for (int i = 0; i < 60; ++i) {
      descent.step([&] {
        x.mutable_grad() = curvature * x.detach();
        return (curvature * x.detach().square()).sum() / 2;
      });
    }
    return std::abs(x[1].item<double>());
  };
  EXPECT_EQ(distance(0), 0);
  EXPECT(distance(0.01) > 10);
}

TEST(alrao_multiplies_the_update_of_each_feature_by_its_factor) {
  at::Tensor weight = at::ones({3, 2}, at::kDouble).requires_grad_();
  at::Tensor bias = at::ones({3}, at::kDouble).requires_grad_();
  at::Tensor other = at::ones({4}, at::kDouble).requires_grad_();
  SGD optimizer({weight, bias, other}, SGDOptions(1));
  Alrao alrao(optimizer, 1e-5, 10, 2);
  for (const at::Tensor& p : {weight, bias, other}) p.mutable_grad() = at::ones_like(p);
  alrao.step();
  const at::Tensor factors = alrao.factors(0);
  for (int64_t i = 0; i < 3; ++i) {
    const double f = factors[i].item<double>();
    for (int64_t j = 0; j < 2; ++j) {
      EXPECT(std::abs(weight[i][j].item<double>() - (1 - f)) < 1e-12);
    }
    // A bias shares the factor of its feature.
    EXPECT(std::abs(bias[i].item<double>() - (1 - f)) < 1e-12);
  }
  EXPECT(at::equal(alrao.factors(1), factors));
  EXPECT_EQ(alrao.factors(2).numel(), 4);
  EXPECT(!at::equal(alrao.factors(2).slice(0, 0, 3), factors));
  EXPECT_THROWS(std::out_of_range, alrao.factors(3), "parameter number 3 does not exist");
  const at::Tensor again = alrao.factors(0);
  for (const at::Tensor& p : {weight, bias, other}) p.mutable_grad() = at::ones_like(p);
  alrao.step();
  EXPECT(at::equal(alrao.factors(0), again));
}

TEST(alrao_draws_log_uniformly) {
  at::Tensor x = zeros(kMany);
  SGD optimizer({x}, SGDOptions(1));
  const at::Tensor logs = Alrao(optimizer, 1e-5, 10, 7).factors(0).log();
  const double low = std::log(1e-5), high = std::log(10);
  EXPECT(logs.min().item<double>() >= low && logs.max().item<double>() <= high);
  const at::Tensor u = std::get<0>(((logs - low) / (high - low)).sort());
  const at::Tensor expected = (at::arange(kMany, at::kDouble) + 0.5) / kMany;
  EXPECT((u - expected).abs().max().item<double>() < 1.95 / std::sqrt(kMany));
}

TEST_EACH_OPTIMIZER(alrao_with_one_factor_is_that_rate) {
  // Factors of 1 leave every optimizer as it is, up to the rounding of one subtraction.
  Problem plain, hooked;
  Base a(plain.parameters(), options<Base>()), b(hooked.parameters(), options<Base>());
  Alrao alrao(b, 1, 1, 1);
  for (int i = 0; i < 5; ++i) {
    a.step([&] { return plain.loss(); });
    alrao.step([&] { return hooked.loss(); });
  }
  EXPECT(at::allclose(plain.w, hooked.w, 1e-4, 1e-6));
  EXPECT(at::allclose(plain.v, hooked.v, 1e-4, 1e-6));
}

TEST(values_are_checked) {
  at::Tensor x = zeros(1);
  SGD optimizer({x}, SGDOptions(1));
  EXPECT_THROWS(std::invalid_argument, GradientNoise(optimizer, -1, 0.55, 1),
                "eta must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, GradientNoise(optimizer, 1, -0.5, 1),
                "gamma must be at least 0, but is -0.5");
  EXPECT_THROWS(std::invalid_argument, Langevin(optimizer, std::nan(""), 1),
                "temperature must be finite, but is nan");
  EXPECT_THROWS(std::invalid_argument, PerturbedDescent(optimizer, -1, 1, 1, 1),
                "radius must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, PerturbedDescent(optimizer, 1, -1, 1, 1),
                "threshold must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, PerturbedDescent(optimizer, 1, 1, -1, 1),
                "interval must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, Alrao(optimizer, 0, 1, 1),
                "min must be greater than 0, but is 0");
  EXPECT_THROWS(std::invalid_argument, Alrao(optimizer, 1, 0.5, 1),
                "max must be at least 1, but is 0.5");
}

TEST(langevin_around_l4_uses_its_eta) {
  at::Tensor x = at::full({kMany}, 1e-3, at::kDouble).requires_grad_();
  noisylr::L4Mom optimizer({x});
  Langevin langevin(optimizer, 0.25, 4);
  langevin.step([&] {
    x.mutable_grad() = at::zeros_like(x);
    x.mutable_grad()[0] = 1;
    return at::tensor(2.0, at::kDouble);
  });
  const double eta = 0.15 * optimizer.last_scale();
  EXPECT(eta > 0.09 && eta < 0.1);  // 0.15 * 2 * (1 - 0.9 * 0.75)
  is_normal(x.detach().slice(0, 1) - 1e-3, 2 * eta * 0.25);
}

TEST(perturbed_descent_leaves_parameters_without_gradient_alone) {
  at::Tensor x = zeros(3), frozen = zeros(5);
  SGD optimizer({frozen, x}, SGDOptions(0));
  PerturbedDescent descent(optimizer, 0.5, 1, 0, 1);
  descent.step([&] {
    zero_gradient(x);
    return x.detach().sum();
  });
  EXPECT_EQ(frozen.abs().sum().item<double>(), 0);
  EXPECT(x.abs().sum().item<double>() > 0);
}

TEST(perturbed_descent_takes_a_failed_perturbation_back) {
  at::Tensor x = zeros(3);
  SGD optimizer({x}, SGDOptions(0.1));
  PerturbedDescent descent(optimizer, 0.5, 1, 0, 1);
  int calls = 0;
  EXPECT_THROWS(std::runtime_error, descent.step([&]() -> at::Tensor {
    if (++calls == 2) throw std::runtime_error("no more data");
    zero_gradient(x);
    return x.detach().sum();
  }),
                "no more data");
  EXPECT_EQ(x.abs().sum().item<double>(), 0);
  EXPECT_EQ(descent.last_perturbation(), -1);
  EXPECT_EQ(descent.steps(), 0);
  EXPECT_THROWS(std::invalid_argument, descent.last_perturbation(-2),
                "last_perturbation must be at least -1, but is -2");
}

TEST(perturbed_descent_evaluates_again_for_optimizers_that_ask) {
  // LBFGS evaluates several times a step; it solves a quadratic at once.
  at::Tensor x = at::tensor({3.0, -2.0}, at::kDouble).requires_grad_();
  torch::optim::LBFGS optimizer({x}, torch::optim::LBFGSOptions(1));
  PerturbedDescent descent(optimizer, 0.1, 1e-9, 0, 1);
  descent.step([&] {
    x.mutable_grad() = x.detach().clone();
    return x.detach().square().sum() / 2;
  });
  EXPECT(x.abs().max().item<double>() < 1e-6);
}

TEST(alrao_rejects_optimizers_that_evaluate_several_times) {
  at::Tensor x = at::tensor({3.0, -2.0}, at::kDouble).requires_grad_();
  torch::optim::LBFGS optimizer({x}, torch::optim::LBFGSOptions(0.1).max_iter(5));
  Alrao alrao(optimizer, 0.1, 0.1, 2);
  const auto closure = [&] {
    x.mutable_grad() = x.detach().pow(3);
    return x.detach().pow(4).sum() / 4;
  };
  EXPECT_THROWS(std::logic_error, alrao.step(closure),
                "Alrao supports only optimizers that evaluate the loss once a step");
  EXPECT(at::equal(x, at::tensor({3.0, -2.0}, at::kDouble)));
  EXPECT_EQ(alrao.steps(), 0);
  EXPECT_THROWS(std::logic_error, alrao.step(closure),
                "Alrao supports only optimizers that evaluate the loss once a step");
}

TEST(alrao_scales_the_optimizers_update_alone) {
  at::Tensor x = at::ones({2}, at::kDouble).requires_grad_();
  SGD optimizer({x}, SGDOptions(1));
  Alrao alrao(optimizer, 0.1, 0.1, 2);
  alrao.step([&] {
    at::NoGradGuard no_grad;
    x.add_(1);  // The closure's own change stays whole.
    x.mutable_grad() = at::ones_like(x);
    return x.sum();
  });
  EXPECT(at::allclose(x, at::full({2}, 1.9, at::kDouble)));
}

}  // namespace perturbation_test
