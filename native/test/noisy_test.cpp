#include "noisylr/noisy.h"

#include <torch/optim/lbfgs.h>
#include <torch/optim/schedulers/step_lr.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.h"
#include "problem.h"

namespace noisy_test {

using namespace noisylr;
using namespace torch::optim;

namespace {

constexpr int kSteps = 100;
constexpr int kStepsPerEpoch = 5;
constexpr int64_t kMaximum = std::numeric_limits<int64_t>::max();

/// Uniform noise from epoch 4 on.
NoiseSpec late_noise() {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.first_epoch = 4;
  spec.seed = 42;
  return spec;
}

/// Trains with a noisy optimizer and with a plain one whose learning rates are set by hand to
/// clamp(η·f): all parameters must agree bit for bit after every step.
template <class Base>
void check_against_rates_by_hand(const NoiseSpec& spec) {
  Problem noisy_problem, plain_problem;
  Noisy<Base> noisy(two_groups<Base>(noisy_problem), options<Base>(), spec);
  noisy.epoch(0);
  Base plain(two_groups<Base>(plain_problem), options<Base>());
  const std::vector<double> base{lr_of(plain, 0), lr_of(plain, 1)};
  for (int64_t step = 0; step < kSteps; ++step) {
    const int64_t epoch = step / kStepsPerEpoch;
    noisy.epoch(epoch);
    noisy_problem.loss();
    plain_problem.loss();
    noisy.step();
    for (size_t group = 0; group < base.size(); ++group) {
      const double lr = realised(spec, base[group], epoch, step, group);
      plain.param_groups()[group].options().set_lr(lr);
      EXPECT_EQ(noisy.realised_lr(group), lr);
      EXPECT_EQ(lr_of(noisy, group), base[group]);
    }
    plain.step();
    EXPECT(noisy_problem == plain_problem);
    EXPECT_EQ(noisy.steps(), step + 1);
  }
  EXPECT(!(noisy_problem == Problem()));
}

/// Steps that fail in the middle: after the closure and before any parameter moves.
struct Failing : SGD {
  using SGD::SGD;
  bool fail = true;
  at::Tensor step(LossClosure closure = nullptr) override {
    if (fail) throw std::runtime_error("kernel failed at " + std::to_string(lr_of(*this)));
    return SGD::step(std::move(closure));
  }
};

/// Options whose learning rate cannot be set.
struct Fixed : SGDOptions {
  using SGDOptions::SGDOptions;
  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<Fixed>(*this);
  }
  void set_lr(double) override { throw std::runtime_error("fixed"); }
};

}  // namespace

TEST_EACH_OPTIMIZER(without_noise_equals_the_plain_optimizer_over_100_steps) {
  NoiseSpec outside = NoiseSpec::uniform(8);
  outside.first_epoch = 1'000;
  for (const NoiseSpec& spec : {NoiseSpec::none(), outside}) {
    Problem noisy_problem, plain_problem;
    Noisy<Base> noisy(noisy_problem.parameters(), options<Base>(), spec);
    noisy.epoch(0);
    Base plain(plain_problem.parameters(), options<Base>());
    for (int step = 0; step < kSteps; ++step) {
      const at::Tensor noisy_loss = noisy.step([&] { return noisy_problem.loss(); });
      const at::Tensor plain_loss = plain.step([&] { return plain_problem.loss(); });
      EXPECT(at::equal(noisy_loss, plain_loss));
      EXPECT(noisy_problem == plain_problem);
      EXPECT_EQ(noisy.realised_lr(), options<Base>().lr());
    }
    EXPECT(!(noisy_problem == Problem()));
  }
}

TEST_EACH_OPTIMIZER(uniform_noise_equals_rates_set_by_hand) {
  check_against_rates_by_hand<Base>(late_noise());
}

TEST_EACH_OPTIMIZER(noise_per_step_and_group_equals_rates_set_by_hand) {
  NoiseSpec spec = late_noise();
  spec.per_step = true;
  spec.independent_groups = true;
  check_against_rates_by_hand<Base>(spec);
}

TEST_EACH_OPTIMIZER(clamped_gaussian_noise_equals_rates_set_by_hand) {
  NoiseSpec spec = NoiseSpec::gaussian(1, 2);
  spec.min_lr = 0.005;
  spec.max_lr = 0.04;
  check_against_rates_by_hand<Base>(spec);
}

TEST_EACH_OPTIMIZER(an_exception_in_the_closure_leaves_base_rates) {
  Problem problem;
  Noisy<Base> noisy(two_groups<Base>(problem), options<Base>(), NoiseSpec::uniform(8));
  noisy.epoch(0);
  const double first = lr_of(noisy, 0), second = lr_of(noisy, 1);
  problem.loss();
  noisy.step();
  const auto realised_before = noisy.realised_lrs();
  noisy.epoch(1);
  EXPECT_THROWS(std::runtime_error,
                noisy.step([]() -> at::Tensor { throw std::runtime_error("no data"); }), "no data");
  EXPECT_EQ(lr_of(noisy, 0), first);
  EXPECT_EQ(lr_of(noisy, 1), second);
  EXPECT_EQ(noisy.steps(), 1);
  EXPECT(noisy.realised_lrs() == realised_before);
  noisy.step([&] { return problem.loss(); });
  EXPECT_EQ(noisy.steps(), 2);
  EXPECT_EQ(noisy.realised_lr(1), second * factor(noisy.noise(), 1, 1, 1));
}

TEST_EACH_OPTIMIZER(a_chained_step_lr_does_not_compound_the_noise) {
  Problem noisy_problem, plain_problem;
  Noisy<Base> noisy(noisy_problem.parameters(), options<Base>(), NoiseSpec::uniform(8));
  noisy.epoch(0);
  Base plain(plain_problem.parameters(), options<Base>());
  torch::optim::StepLR noisy_scheduler(noisy, 2, 0.5), plain_scheduler(plain, 2, 0.5);
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    noisy.epoch(epoch);
    for (int i = 0; i < kStepsPerEpoch; ++i) {
      noisy.step([&] { return noisy_problem.loss(); });
      EXPECT_EQ(noisy.realised_lr(), lr_of(plain) * factor(noisy.noise(), epoch, 0, 0));
    }
    noisy_scheduler.step();
    plain_scheduler.step();
    EXPECT_EQ(lr_of(noisy), lr_of(plain));
  }
  EXPECT_EQ(lr_of(noisy), options<Base>().lr() * std::pow(0.5, 9));
}

TEST_EACH_OPTIMIZER(a_base_pointer_has_the_same_address) {
  Problem problem;
  Noisy<Base> noisy(problem.parameters(), options<Base>(), NoiseSpec::uniform(8));
  noisy.epoch(0);
  Base* base = &noisy;
  Optimizer* optimizer = &noisy;
  EXPECT_EQ(static_cast<void*>(base), static_cast<void*>(&noisy));
  EXPECT_EQ(static_cast<void*>(optimizer), static_cast<void*>(&noisy));
  EXPECT_EQ(&fused_optimizer(*optimizer), static_cast<LrNoise*>(&noisy));
}

TEST_EACH_OPTIMIZER(steps_are_noisy_through_a_base_reference) {
  Problem problem;
  Noisy<Base> noisy(problem.parameters(), options<Base>(), NoiseSpec::uniform(8));
  noisy.epoch(0);
  Optimizer& optimizer = noisy;
  problem.loss();
  optimizer.step();
  EXPECT_EQ(noisy.realised_lr(), lr_of(noisy) * factor(noisy.noise(), 0, 0, 0));
}

TEST_EACH_OPTIMIZER(noise_that_counts_steps_equals_noise_whose_epochs_are_set) {
  NoiseSpec set = late_noise(), counting = late_noise();
  counting.steps_per_epoch = kStepsPerEpoch;
  Problem set_problem, counting_problem;
  Noisy<Base> by_hand(set_problem.parameters(), options<Base>(), set);
  Noisy<Base> counts(counting_problem.parameters(), options<Base>(), counting);
  for (int64_t step = 0; step < 8 * kStepsPerEpoch; ++step) {
    by_hand.epoch(step / kStepsPerEpoch);
    EXPECT_EQ(counts.epoch(), by_hand.epoch());
    by_hand.step([&] { return set_problem.loss(); });
    counts.step([&] { return counting_problem.loss(); });
    EXPECT_EQ(counts.realised_lr(), by_hand.realised_lr());
  }
  EXPECT(set_problem == counting_problem);
}

TEST(an_epoch_moves_noise_that_counts_steps) {
  Problem problem;
  NoiseSpec spec = late_noise();
  spec.steps_per_epoch = 5;
  NoisySGD noisy(problem.parameters(), SGDOptions(0.1), spec);
  noisy.step();
  noisy.epoch(6);
  EXPECT_EQ(noisy.steps(), 30);
  noisy.step();
  EXPECT_EQ(noisy.realised_lr(), 0.1 * factor(spec, 6, 0, 0));
  EXPECT_THROWS(std::invalid_argument, noisy.epoch(kMaximum),
                "epoch must be at most 1844674407370955161, but is 9223372036854775807");
  EXPECT_EQ(noisy.steps(), 31);
}

TEST(an_unknown_epoch_makes_the_first_step_throw) {
  Problem problem;
  const char* message =
      "the noise depends on the epoch, which is unknown: call epoch(e) in each epoch, or give the "
      "noise stepsPerEpoch(n) (in C++, steps_per_epoch)";
  NoiseSpec window = late_noise();
  window.per_step = true;
  for (const NoiseSpec& spec : {NoiseSpec::uniform(8), late_noise(), window}) {
    NoisySGD noisy(problem.parameters(), SGDOptions(0.1), spec);
    problem.loss();
    EXPECT_THROWS(std::logic_error, noisy.step(), message);
    EXPECT_EQ(noisy.steps(), 0);
    noisy.epoch(0);
    noisy.step();
    SGD plain(problem.parameters(), SGDOptions(0.1));
    StepHook hook(plain, spec);
    EXPECT_THROWS(std::logic_error, hook.step(), message);
  }
  // A factor that does not depend on the epoch.
  NoiseSpec each_step = NoiseSpec::uniform(8);
  each_step.per_step = true;
  NoisySGD noisy(problem.parameters(), SGDOptions(0.1), each_step);
  noisy.step();
  EXPECT_EQ(noisy.realised_lr(), 0.1 * factor(each_step, 0, 0, 0));
}

TEST(sgd_moves_by_the_realised_rate_times_the_gradient) {
  const at::Tensor p = at::zeros({1}).requires_grad_();
  NoiseSpec spec = late_noise();
  NoisySGD noisy({p}, SGDOptions(0.5), spec);
  noisy.epoch(0);
  p.mutable_grad() = at::ones({1});
  double expected = 0;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    noisy.epoch(epoch);
    noisy.step();
    const double f = factor(spec, epoch, 0, 0);
    EXPECT((epoch < 4) == (f == 1));
    expected -= 0.5 * f;
    EXPECT(std::abs(p.item<double>() - expected) < 1e-5);
  }
}

TEST(a_failing_kernel_leaves_base_rates) {
  Problem problem;
  Failing optimizer(problem.parameters(), SGDOptions(0.1));
  StepHook noisy(optimizer, NoiseSpec::uniform(8));
  noisy.epoch(0);
  const double lr = 0.1 * factor(noisy.noise(), 0, 0, 0);
  EXPECT_THROWS(std::runtime_error, noisy.step(), "kernel failed at " + std::to_string(lr));
  EXPECT_EQ(lr_of(optimizer), 0.1);
  EXPECT_EQ(noisy.steps(), 0);
  optimizer.fail = false;
  problem.loss();
  noisy.step();
  EXPECT_EQ(noisy.realised_lr(), lr);
}

TEST(an_error_of_libtorch_inside_a_step_leaves_base_rates) {
  const at::Tensor p = at::zeros({2, 2}).requires_grad_();
  NoisyAdam noisy({p}, torch::optim::AdamOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  p.mutable_grad() = at::ones({2, 2}).to_sparse();
  EXPECT_THROWS(c10::Error, noisy.step(), "Adam does not support sparse gradients");
  EXPECT_EQ(lr_of(noisy), 0.1);
  EXPECT_EQ(noisy.steps(), 0);
}

TEST(rates_that_cannot_be_set_leave_the_others_as_they_were) {
  Problem problem;
  SGD plain({OptimizerParamGroup({problem.w})}, SGDOptions(0.1));
  plain.add_param_group(OptimizerParamGroup({problem.v}));
  plain.param_groups()[1].set_options(std::make_unique<Fixed>(0.2));
  StepHook hook(plain, NoiseSpec::uniform(8));
  hook.epoch(0);
  EXPECT_THROWS(std::runtime_error, hook.step(), "fixed");
  EXPECT_EQ(lr_of(plain, 0), 0.1);
  EXPECT_EQ(lr_of(plain, 1), 0.2);
  EXPECT(hook.realised_lrs().empty());
}

TEST(a_group_added_between_steps_takes_part) {
  Problem problem;
  NoisySGD noisy({problem.w}, SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  problem.loss();
  noisy.step();
  noisy.add_param_group(OptimizerParamGroup({problem.v}, std::make_unique<SGDOptions>(0.3)));
  noisy.epoch(1);
  noisy.step();
  EXPECT_EQ(noisy.realised_lr(0), 0.1 * factor(noisy.noise(), 1, 1, 0));
  EXPECT_EQ(noisy.realised_lr(1), 0.3 * factor(noisy.noise(), 1, 1, 1));
}

TEST(realised_rates_throw_before_the_first_step_and_for_unknown_groups) {
  Problem problem;
  NoisySGD noisy(two_groups<SGD>(problem), SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  EXPECT(noisy.realised_lrs().empty());
  EXPECT_THROWS(std::logic_error, (void)noisy.realised_lr(),
                "there is no realised learning rate before the first step");
  noisy.step();
  EXPECT_EQ(noisy.realised_lrs().size(), size_t{2});
  EXPECT_THROWS(std::out_of_range, (void)noisy.realised_lr(2), "group must be in [0, 1], but is 2");
}

TEST(bad_noise_epochs_and_steps_are_rejected) {
  Problem problem;
  NoiseSpec bad;
  bad.distribution = Distribution::kUniform;
  bad.high = -1;
  const char* message = "high must be greater than 0, but is -1";
  EXPECT_THROWS(std::invalid_argument, NoisySGD(problem.parameters(), SGDOptions(0.1), bad),
                message);
  SGD plain(problem.parameters(), SGDOptions(0.1));
  EXPECT_THROWS(std::invalid_argument, StepHook(plain, bad), message);
  StepHook hook(plain, NoiseSpec::none());
  EXPECT_THROWS(std::invalid_argument, hook.epoch(-1), "epoch must be at least 0, but is -1");
  EXPECT_THROWS(std::invalid_argument, hook.steps(-2), "steps must be at least 0, but is -2");
  EXPECT_EQ(hook.epoch(), 0);
  EXPECT_EQ(hook.steps(), 0);
}

TEST(a_plain_optimizer_has_no_noise) {
  Problem problem;
  SGD plain(problem.parameters(), SGDOptions(0.1));
  EXPECT_THROWS(std::invalid_argument, fused_optimizer(plain),
                "the optimizer must be a noisylr::Noisy optimizer");
}

TEST_EACH_OPTIMIZER(a_hook_does_the_same_as_a_noisy_optimizer) {
  NoiseSpec spec = late_noise();
  spec.independent_groups = true;
  Problem noisy_problem, hooked_problem;
  Noisy<Base> noisy(two_groups<Base>(noisy_problem), options<Base>(), spec);
  noisy.epoch(0);
  Base plain(two_groups<Base>(hooked_problem), options<Base>());
  StepHook hook(plain, spec);
  hook.epoch(0);
  for (int step = 0; step < kSteps; ++step) {
    noisy.epoch(step / kStepsPerEpoch);
    hook.epoch(step / kStepsPerEpoch);
    noisy.step([&] { return noisy_problem.loss(); });
    hook.step([&] { return hooked_problem.loss(); });
    EXPECT(noisy_problem == hooked_problem);
    EXPECT(noisy.realised_lrs() == hook.realised_lrs());
  }
  EXPECT_EQ(lr_of(plain, 1), lr_of(noisy, 1));
}

TEST(a_hook_serves_an_optimizer_that_evaluates_its_closure_often) {
  using torch::optim::LBFGS;
  using torch::optim::LBFGSOptions;
  Problem hooked_problem, plain_problem;
  LBFGS hooked(hooked_problem.parameters(), LBFGSOptions(0.05).max_iter(4));
  LBFGS plain(plain_problem.parameters(), LBFGSOptions(0.05).max_iter(4));
  StepHook hook(hooked, NoiseSpec::uniform(8));
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    hook.epoch(epoch);
    plain.param_groups()[0].options().set_lr(realised(hook.noise(), 0.05, epoch, 0, 0));
    int evaluations = 0;
    hook.step([&] {
      ++evaluations;
      EXPECT_EQ(lr_of(hooked), 0.05);
      return hooked_problem.loss();
    });
    plain.step([&] { return plain_problem.loss(); });
    EXPECT(evaluations > 1);
    EXPECT(hooked_problem == plain_problem);
    EXPECT_EQ(hook.steps(), epoch + 1);
  }
}

}  // namespace noisy_test
