// Archives of torch::serialize: between noisy optimizers, and to and from plain ones.

#include <stdexcept>

#include "check.h"
#include "noisylr/l4.h"
#include "noisylr/noisy.h"
#include "noisylr/state.h"
#include "problem.h"

namespace archive_test {

using namespace noisylr;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

namespace {

/// No field but steps_per_epoch has its default value.
NoiseSpec special() {
  return {.distribution = Distribution::kGaussian,
          .low = 0.5,
          .high = 3,
          .mean = 1.5,
          .std = 0.25,
          .first_epoch = 2,
          .min_lr = 1e-4,
          .max_lr = 0.75,
          .per_step = true,
          .independent_groups = true,
          .seed = 0xfedcba9876543210};
}

/// An archive of an SGD with this nested archive "noisylr", all right but for one change.
InputArchive archive_with(const Problem& problem, const std::string& changed,
                          const c10::IValue& value) {
  struct Writer {
    const Problem& problem;
    const std::string& changed;
    const c10::IValue& value;
    void save(OutputArchive& archive) const {
      torch::optim::SGD(problem.parameters(), torch::optim::SGDOptions(0.7)).save(archive);
      const std::pair<const char*, c10::IValue> entries[] = {
          {"distribution", 1}, {"low", 0.0},           {"high", 8.0},
          {"mean", 4.0},       {"std", 1.0},           {"first_epoch", 0},
          {"min_lr", 0.0},     {"max_lr", kInfinity},  {"per_step", false},
          {"seed", 0},         {"steps_per_epoch", 0}, {"independent_groups", false},
          {"epoch", 3},        {"steps", 30}};
      OutputArchive nested(archive.compilation_unit());
      for (const auto& [key, right] : entries) {
        if (key != changed) {
          nested.write(key, right);
        } else if (!value.isNone()) {
          nested.write(key, value);
        }
      }
      archive.write("noisylr", nested);
    }
  };
  return archived(Writer{problem, changed, value});
}

}  // namespace

TEST_EACH_OPTIMIZER(noise_epoch_and_steps_are_restored) {
  Problem problem;
  for (const int64_t steps_per_epoch : {0, 7}) {
    NoiseSpec spec = special();
    spec.steps_per_epoch = steps_per_epoch;
    Noisy<Base> saved(problem.parameters(), options<Base>(), spec);
    saved.epoch(6);
    train(saved, problem, 10);
    for (const NoiseSpec& own : {NoiseSpec::none(), spec}) {
      Noisy<Base> loaded(problem.parameters(), options<Base>(), own);
      InputArchive archive = archived(saved);
      loaded.load(archive);
      EXPECT(loaded.noise() == spec);
      EXPECT_EQ(loaded.epoch(), steps_per_epoch == 0 ? 6 : 7);
      EXPECT_EQ(loaded.steps(), steps_per_epoch == 0 ? 10 : 52);
    }
  }
}

TEST(noise_is_compared_by_the_numbers_that_it_uses) {
  Problem problem;
  NoiseSpec gaussian = NoiseSpec::gaussian(1, 0.1);
  gaussian.steps_per_epoch = 1;
  NoisySGD saved(problem.parameters(), options<torch::optim::SGD>(), gaussian);
  NoiseSpec uniform = NoiseSpec::uniform(0.5, 1.5);
  uniform.steps_per_epoch = 1;
  NoisySGD other(problem.parameters(), options<torch::optim::SGD>(), uniform);
  InputArchive archive = archived(saved);
  EXPECT_THROWS(std::invalid_argument, other.load(archive),
                "the archive has other noise than the optimizer: distribution is gaussian in the "
                "archive, but uniform in the optimizer; load it");
  gaussian.low = -3;  // has no meaning for it
  NoisySGD same(problem.parameters(), options<torch::optim::SGD>(), gaussian);
  InputArchive again = archived(saved);
  same.load(again);
}

TEST(noise_that_is_replaced_keeps_the_counted_epoch) {
  Problem problem;
  NoiseSpec counted = NoiseSpec::uniform(2);
  counted.steps_per_epoch = 2;
  NoisySGD optimizer(problem.parameters(), options<torch::optim::SGD>(), counted);
  train(optimizer, problem, 5);
  optimizer.noise(NoiseSpec::uniform(2));
  EXPECT_EQ(optimizer.epoch(), 2);
  train(optimizer, problem, 1);
}

TEST_EACH_OPTIMIZER(an_archive_with_other_noise_is_rejected_and_changes_nothing) {
  Problem problem;
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.first_epoch = 4;
  Noisy<Base> saved(problem.parameters(), options<Base>(), spec);
  saved.epoch(2);
  train(saved, problem, 3);
  spec.first_epoch = 40;
  Noisy<Base> loaded(problem.parameters(), options<Base>(), spec);
  loaded.epoch(0);
  InputArchive archive = archived(saved);
  EXPECT_THROWS(std::invalid_argument, loaded.load(archive),
                "the archive has other noise than the optimizer: first_epoch is 4 in the archive, "
                "but 40 in the optimizer; load it into an optimizer without noise, then set the "
                "noise");
  EXPECT(loaded.noise() == spec);
  EXPECT_EQ(loaded.steps(), 0);
  EXPECT_EQ(loaded.epoch(), 0);
  // The remedy.
  loaded.noise(NoiseSpec::none());
  loaded.load(archive);
  loaded.noise(spec);
  EXPECT_EQ(loaded.epoch(), 2);
  EXPECT_EQ(loaded.steps(), 3);
}

TEST_EACH_OPTIMIZER(training_resumes_bit_for_bit) {
  Problem problem;
  Noisy<Base> saved(two_groups<Base>(problem), options<Base>(), special());
  saved.epoch(3);
  train(saved, problem, 20);
  Problem copy = copy_of(problem);
  auto fresh_options = options<Base>();
  fresh_options.lr(0.9);
  Noisy<Base> loaded({copy.w, copy.b}, fresh_options, NoiseSpec::none());
  loaded.add_param_group(torch::optim::OptimizerParamGroup({copy.v}));
  InputArchive archive = archived(saved);
  loaded.load(archive);
  for (int i = 0; i < 20; ++i) {
    train(saved, problem, 1);
    train(loaded, copy, 1);
    EXPECT(problem == copy);
    EXPECT(saved.realised_lrs() == loaded.realised_lrs());
  }
}

TEST_EACH_OPTIMIZER(an_archive_of_the_plain_optimizer_loads_and_leaves_the_noise) {
  Problem problem;
  Base plain(problem.parameters(), options<Base>());
  train(plain, problem, 10);
  Problem copy = copy_of(problem);
  Noisy<Base> noisy(copy.parameters(), options<Base>(), special());
  noisy.epoch(1);
  noisy.steps(2);
  InputArchive archive = archived(plain);
  noisy.load(archive);
  EXPECT(noisy.noise() == special());
  EXPECT_EQ(noisy.epoch(), 1);
  EXPECT_EQ(noisy.steps(), 2);
  // Epochs 0 and 1 are not noisy, so both continue alike.
  expect_same_steps(plain, problem, noisy, copy, 10);
}

TEST_EACH_OPTIMIZER(a_noisy_archive_loads_into_the_plain_optimizer) {
  Problem problem;
  Noisy<Base> noisy(problem.parameters(), options<Base>(), special());
  noisy.epoch(0);
  train(noisy, problem, 10);
  Problem copy = copy_of(problem);
  Base plain(copy.parameters(), options<Base>());
  InputArchive archive = archived(noisy);
  plain.load(archive);
  expect_same_steps(noisy, problem, plain, copy, 10);
}

TEST_EACH_OPTIMIZER(archives_of_a_hook_and_of_a_noisy_optimizer_are_equal) {
  Problem problem;
  Base plain(problem.parameters(), options<Base>());
  StepHook hook(plain, special());
  hook.epoch(5);
  train(hook, problem, 10);
  Problem copy = copy_of(problem);
  Noisy<Base> noisy(copy.parameters(), options<Base>(), NoiseSpec::none());
  InputArchive archive = archived(hook);
  noisy.load(archive);
  EXPECT(noisy.noise() == special());
  train(hook, problem, 5);
  train(noisy, copy, 5);
  EXPECT(problem == copy);
  InputArchive back = archived(noisy);
  hook.steps(0);
  hook.load(back);
  EXPECT_EQ(hook.steps(), 15);
  EXPECT_EQ(hook.epoch(), 5);
}

TEST(a_complete_archive_of_the_test_loads) {
  Problem problem;
  NoisySGD noisy(problem.parameters(), torch::optim::SGDOptions(0.1));
  InputArchive archive = archive_with(problem, "", {});
  noisy.load(archive);
  EXPECT(noisy.noise() == NoiseSpec::uniform(8));
  EXPECT_EQ(noisy.epoch(), 3);
  EXPECT_EQ(noisy.steps(), 30);
  EXPECT_EQ(lr_of(noisy), 0.7);
}

TEST_EACH_OPTIMIZER(a_hook_of_a_fused_optimizer_keeps_its_noise_to_itself) {
  Problem problem;
  const NoiseSpec spec = NoiseSpec::uniform(8);
  Noisy<Base> first(problem.parameters(), options<Base>());
  Noisy<Base> second(problem.parameters(), options<Base>());
  StepHook saved(first, spec);
  saved.epoch(0);
  saved.step([&] { return problem.loss(); });
  StepHook loaded(second, NoiseSpec::none());
  auto archive = archived(saved);
  loaded.load(archive);
  EXPECT(loaded.noise() == spec);
  EXPECT(second.noise() == NoiseSpec::none());
  loaded.step([&] { return problem.loss(); });
  EXPECT_EQ(loaded.realised_lr(), lr_of(second) * factor(spec, 0, 0, 0));
  second.noise(spec);
  EXPECT_THROWS(std::invalid_argument, loaded.step(), "the optimizer already has noise of its own");
}

TEST(bad_archives_are_rejected_and_change_nothing) {
  Problem problem;
  NoisySGD noisy(problem.parameters(), torch::optim::SGDOptions(0.1), special());
  const auto rejected = [&](const char* key, const c10::IValue& value, const std::string& message) {
    InputArchive archive = archive_with(problem, key, value);
    EXPECT_THROWS(std::invalid_argument, noisy.load(archive), message);
    EXPECT(noisy.noise() == special());
    EXPECT_EQ(noisy.epoch(), 0);
    EXPECT_EQ(noisy.steps(), 0);
    EXPECT_EQ(lr_of(noisy), 0.1);
  };
  rejected("steps", {}, "the archive's noisylr.steps is missing or not an integer");
  rejected("seed", "x", "the archive's noisylr.seed is missing or not an integer");
  rejected("high", 8, "the archive's noisylr.high is missing or not a floating-point number");
  rejected("per_step", 1, "the archive's noisylr.per_step is missing or not a Boolean");
  rejected("distribution", 9, "distribution must be in {0, 1, 2, 3}, but is 9");
  rejected("distribution", int64_t{1} << 32 | 1, "distribution is out of range: 4294967297");
  rejected("high", -2.0, "high must be greater than 0, but is -2");
  rejected("epoch", -2, "epoch must be at least -1, but is -2");
  rejected("steps", -1, "steps must be at least 0, but is -1");
}

namespace {

/// load() is refused, leaves state and rate, and the next step is made.
template <class Optimizer, class Train>
void expect_load_refused(Optimizer& optimizer, InputArchive archive, const std::string& message,
                         Train train_once) {
  train_once();
  optimizer.param_groups()[0].options().set_lr(0.25);
  std::vector<std::pair<std::string, at::Tensor>> before;
  for (const auto& [name, tensor] : optimizer_state(optimizer)) {
    before.emplace_back(name, tensor.clone());
  }
  EXPECT(!before.empty());
  EXPECT_THROWS(std::exception, optimizer.load(archive), message);
  EXPECT_EQ(lr_of(optimizer), 0.25);
  const auto after = optimizer_state(optimizer);
  EXPECT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT(after[i].first == before[i].first && at::equal(after[i].second, before[i].second));
  }
  train_once();
  archived(optimizer);
}

}  // namespace

TEST_EACH_OPTIMIZER(a_parameter_that_is_there_twice_keeps_archives_from_loading) {
  Problem problem;
  const at::Tensor more = at::randn({3, 5}).requires_grad_();
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    Noisy<Base> once({problem.w, problem.b, problem.v, more}, options<Base>());
    Noisy<Base> twice({problem.w, problem.b, problem.v, problem.w}, options<Base>());
    once.implementation(implementation);
    train(twice, problem, 2);
    expect_load_refused(twice, archived(twice), "parameter 3 of parameter group 0 appears twice",
                        [&] { train(twice, problem, 1); });
    expect_load_refused(once, archived(twice), "a parameter appears twice in the archive's groups",
                        [&] { train(once, problem, 1); });
  }
}

TEST_EACH_OPTIMIZER(an_archive_with_other_groups_changes_nothing) {
  using torch::optim::OptimizerParamGroup;
  Problem problem;
  const auto train_once = [&](auto& optimizer) { train(optimizer, problem, 1); };
  Noisy<Base> optimizer(
      {OptimizerParamGroup({problem.w, problem.b}), OptimizerParamGroup({problem.v})},
      options<Base>());
  const auto refused = [&](std::vector<OptimizerParamGroup> groups, const char* message) {
    Base saved(std::move(groups), options<Base>());
    train(saved, problem, 2);
    expect_load_refused(optimizer, archived(saved), message, [&] { train_once(optimizer); });
    Base plain({OptimizerParamGroup({problem.w, problem.b}), OptimizerParamGroup({problem.v})},
               options<Base>());
    StepHook hook(plain, NoiseSpec::none());
    InputArchive archive = archived(saved);
    EXPECT_THROWS(std::invalid_argument, hook.load(archive), message);
  };
  refused({OptimizerParamGroup({problem.w, problem.b})},
          "the number of parameter groups is 1 in the archive, but 2 in the optimizer");
  refused({OptimizerParamGroup({problem.w, problem.b}), OptimizerParamGroup({problem.v}),
           OptimizerParamGroup({at::ones(2).requires_grad_()})},
          "the number of parameter groups is 3 in the archive, but 2 in the optimizer");
  refused({OptimizerParamGroup({problem.w, problem.b}),
           OptimizerParamGroup({problem.v, at::ones(2).requires_grad_()})},
          "the number of parameters in group 1 is 2 in the archive, but 1 in the optimizer");
}

TEST_EACH_OPTIMIZER(an_archive_with_other_shapes_changes_nothing) {
  Problem problem;
  const at::Tensor p = at::ones({2, 3}).requires_grad_(), q = at::ones({3, 2}).requires_grad_();
  for (const at::Tensor& each : {p, q}) each.mutable_grad() = at::ones_like(each);
  Noisy<Base> saved({p}, options<Base>()), other({q}, options<Base>());
  saved.step();
  std::string buffer;
  for (const auto& [name, tensor] : optimizer_state(saved)) {
    if (tensor.dim() == 2 && buffer.empty()) buffer = name;
  }
  expect_load_refused(
      other, archived(saved),
      "state " + buffer + " has shape [2, 3] in the archive, but the parameter has [3, 2]",
      [&] { other.step(); });
}

TEST(an_archive_of_another_optimizer_changes_nothing) {
  Problem problem;
  NoisySGD sgd(problem.parameters(), options<torch::optim::SGD>());
  NoisyAdam adam(problem.parameters(), options<torch::optim::Adam>());
  L4Mom l4(problem.parameters());
  train(adam, problem, 1);
  train(l4, problem, 1);
  const std::string sgd_options = "dampening, lr, momentum, nesterov, weight_decay";
  expect_load_refused(sgd, archived(adam),
                      "the archive is of Adam or AdamW, not of SGD: its options are amsgrad, "
                      "betas, eps, lr, weight_decay, not " +
                          sgd_options,
                      [&] { train(sgd, problem, 1); });
  expect_load_refused(adam, archived(sgd),
                      "the archive is of SGD, not of Adam or AdamW: its options are " + sgd_options,
                      [&] { train(adam, problem, 1); });
  expect_load_refused(
      l4, archived(sgd),
      "the archive is of SGD, not of another optimizer: its options are " + sgd_options,
      [&] { train(l4, problem, 1); });
  struct Empty {
    void save(OutputArchive& archive) const { archive.write("weight", at::ones(2)); }
  };
  expect_load_refused(sgd, archived(Empty{}),
                      "the archive holds no optimizer, or one of another LibTorch",
                      [&] { train(sgd, problem, 1); });
}

TEST(l4_rejects_a_parameter_that_appears_twice) {
  Problem problem;
  const at::Tensor more = at::randn({3, 5}).requires_grad_();
  L4Adam once({problem.w, problem.b, problem.v, more});
  L4Adam twice({problem.w, problem.b, problem.v, problem.w});
  train(twice, problem, 2);
  expect_load_refused(twice, archived(twice), "parameter 3 of parameter group 0 appears twice",
                      [&] { train(twice, problem, 1); });
  expect_load_refused(once, archived(twice), "a parameter appears twice in the archive's groups",
                      [&] { train(once, problem, 1); });
}

}  // namespace archive_test
