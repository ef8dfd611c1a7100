#include <torch/optim/schedulers/reduce_on_plateau_scheduler.h>
#include <torch/optim/schedulers/step_lr.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "noisylr/fused.h"
#include "noisylr/l4.h"
#include "noisylr/perturbation.h"
#include "noisylr/retire.h"
#include "problem.h"

using namespace noisylr;
using torch::optim::Optimizer;
using torch::optim::OptimizerParamGroup;
using torch::optim::SGD;
using torch::optim::SGDOptions;

namespace {

using LossClosure = Optimizer::LossClosure;
constexpr const char* kRuns = "step() was called while a step of the same object runs";

/// A step of something, which it keeps alive with whatever is inside.
struct Stepper {
  std::string name;
  std::shared_ptr<Optimizer> optimizer;
  std::function<at::Tensor(LossClosure)> step;
};

template <class Around, class... Arguments>
Stepper around(const char* name, const std::shared_ptr<Optimizer>& optimizer,
               const Arguments&... arguments) {
  auto object = std::make_shared<Around>(*optimizer, arguments...);
  return {name, optimizer, [object](LossClosure c) { return object->step(std::move(c)); }};
}

Stepper alone(const char* name, std::shared_ptr<Optimizer> optimizer) {
  return {name, optimizer, [optimizer](LossClosure c) { return optimizer->step(std::move(c)); }};
}

std::shared_ptr<Optimizer> plain(const Problem& problem) {
  return std::make_shared<SGD>(problem.parameters(), SGDOptions(0.01));
}

std::vector<Stepper> steppers(const Problem& problem) {
  const auto p = problem.parameters();
  const NoiseSpec noise = NoiseSpec::uniform(8);
  return {
      alone("FusedSGD", std::make_shared<FusedSGD>(p, options<SGD>())),
      alone("FusedAdam", std::make_shared<FusedAdam>(p, options<torch::optim::Adam>())),
      alone("FusedAdamW", std::make_shared<FusedAdamW>(p, options<torch::optim::AdamW>())),
      alone("FusedAdagrad", std::make_shared<FusedAdagrad>(p, options<torch::optim::Adagrad>())),
      alone("FusedRMSprop", std::make_shared<FusedRMSprop>(p, options<torch::optim::RMSprop>())),
      alone("NoisySGD", std::make_shared<NoisySGD>(p, options<SGD>(), noise)),
      alone("NoisyFusedAdam",
            std::make_shared<NoisyFusedAdam>(p, options<torch::optim::Adam>(), noise)),
      alone("L4Mom", std::make_shared<L4Mom>(p)),
      alone("L4Adam", std::make_shared<L4Adam>(p)),
      around<StepHook>("StepHook", plain(problem), noise),
      around<GradientNoise>("GradientNoise", plain(problem), 0.1, 0.55, 1),
      around<Langevin>("Langevin", plain(problem), 1e-6, 1),
      around<PerturbedDescent>("PerturbedDescent", plain(problem), 1e-3, 100.0, 3, 1),
      around<Alrao>("Alrao", plain(problem), 0.1, 1.0, 1),
  };
}

/// check(stepper, problem) for each class.
void for_each(const std::function<void(Stepper&, Problem&)>& check) {
  for (size_t i = 0; i < steppers(Problem()).size(); ++i) {
    Problem problem;
    Stepper stepper = steppers(problem)[i];
    try {
      check(stepper, problem);
    } catch (check::Failure& failure) {
      failure.message = stepper.name + ": " + failure.message;
      throw;
    }
  }
}

void expect_alive(Stepper& stepper, const Problem& problem) {
  const at::Tensor before = problem.w.detach().clone();
  stepper.step([&] { return problem.loss(); });
  EXPECT(!at::equal(before, problem.w));
}

}  // namespace

TEST(a_closure_may_throw_and_the_next_step_is_made) {
  for_each([](Stepper& stepper, Problem& problem) {
    const double lr = lr_of(*stepper.optimizer);
    for (int i = 0; i < 3; ++i) {
      EXPECT_THROWS(std::runtime_error,
                    stepper.step([]() -> at::Tensor { throw std::runtime_error("no data"); }),
                    "no data");
      EXPECT_EQ(lr_of(*stepper.optimizer), lr);
      expect_alive(stepper, problem);
    }
  });
}

TEST(a_step_in_its_own_closure_is_refused) {
  for_each([](Stepper& stepper, Problem& problem) {
    stepper.step([&] {
      EXPECT_THROWS(std::logic_error, stepper.step([&] { return problem.loss(); }), kRuns);
      return problem.loss();
    });
    expect_alive(stepper, problem);
  });
}

TEST(a_step_of_another_thread_is_refused_while_one_runs) {
  for_each([](Stepper& stepper, Problem& problem) {
    stepper.step([&] {
      bool refused = false;
      std::thread([&] {
        try {
          stepper.step([&] { return problem.loss(); });
        } catch (const std::logic_error& e) {
          refused = std::string(e.what()).starts_with(kRuns);
        }
      }).join();
      EXPECT(refused);
      return problem.loss();
    });
    std::thread([&] { stepper.step([&] { return problem.loss(); }); }).join();
    expect_alive(stepper, problem);
  });
}

TEST(threads_that_step_at_will_are_right_or_refused) {
  for_each([](Stepper& stepper, Problem& problem) {
    problem.loss();
    const at::Tensor loss = at::ones({});
    std::atomic<int> done = 0, odd = 0;
    const auto run = [&] {
      for (int i = 0; i < 200; ++i) {
        try {
          stepper.step([&] { return loss; });
          ++done;
        } catch (const std::logic_error& e) {
          odd += !std::string(e.what()).starts_with(kRuns);
        }
      }
    };
    std::thread other(run);
    run();
    other.join();
    EXPECT(done > 0);
    EXPECT_EQ(odd.load(), 0);
    expect_alive(stepper, problem);
  });
}

TEST(groups_that_a_closure_adds_and_removes) {
  for_each([](Stepper& stepper, Problem& problem) {
    bool added = false;
    stepper.step([&] {
      for (int i = 0; i < 20 && !added; ++i) {
        stepper.optimizer->add_param_group(OptimizerParamGroup({at::randn({5}).requires_grad_()}));
      }
      added = true;
      return problem.loss();
    });
    stepper.step([&] {
      auto& groups = stepper.optimizer->param_groups();
      groups.erase(groups.begin() + 2, groups.end());
      groups.shrink_to_fit();
      return problem.loss();
    });
    expect_alive(stepper, problem);
    stepper.step([&] {
      stepper.optimizer->param_groups().clear();
      return problem.loss();
    });
  });
}

TEST(what_is_around_an_optimizer_may_be_destroyed_after_it) {
  for (const bool optimizer_first : {true, false}) {
    Problem problem;
    auto optimizer = std::make_unique<SGD>(problem.parameters(), SGDOptions(0.01));
    auto hook = std::make_unique<StepHook>(*optimizer, NoiseSpec::uniform(8));
    auto langevin = std::make_unique<Langevin>(*optimizer, 1e-6, 1);
    auto alrao = std::make_unique<Alrao>(*optimizer, 0.1, 1, 1);
    problem.loss();
    hook->step();
    langevin->step();
    alrao->step();
    if (optimizer_first) optimizer.reset();
    hook.reset();
    langevin.reset();
    alrao.reset();
  }
}

TEST(parameters_outlive_whoever_made_them) {
  std::unique_ptr<Problem> problem = std::make_unique<Problem>();
  auto optimizer = std::make_unique<NoisyFusedAdam>(
      problem->parameters(), options<torch::optim::Adam>(), NoiseSpec::uniform(8));
  problem->loss();
  optimizer->step();
  const at::Tensor w = problem->w;
  problem.reset();
  optimizer->step();
  optimizer.reset();
  EXPECT(at::isfinite(w).all().item<bool>());
}

TEST(references_to_a_retired_optimizer_are_refused) {
  constexpr const char* kClosed = "the optimizer is closed";
  const auto expect_refused = [&](const char* name, std::shared_ptr<Optimizer> optimizer) {
    Optimizer& reference = *optimizer;
    auto& groups = reference.param_groups();
    OptimizerParamGroup& group = groups[0];
    auto& options = group.options();
    const at::Tensor& parameter = group.params()[0];
    const c10::weak_intrusive_ptr<c10::TensorImpl> held(parameter.getIntrusivePtr());
    torch::optim::StepLR scheduler(reference, 1);
    torch::optim::ReduceLROnPlateauScheduler plateau(
        reference, torch::optim::ReduceLROnPlateauScheduler::min, 0.1f, 0);
    plateau.step(1);
    optimizer->step([&] { return at::ones({}); });
    optimizer.reset();

    EXPECT_THROWS(std::logic_error, options.get_lr(), kClosed);
    EXPECT_THROWS(std::logic_error, group.options().set_lr(1), kClosed);
    EXPECT_THROWS(std::logic_error, OptimizerParamGroup{group}, kClosed);
    EXPECT_THROWS(std::logic_error, reference.defaults().get_lr(), kClosed);
    EXPECT_THROWS(std::logic_error, scheduler.step(), kClosed);
    EXPECT_THROWS(std::logic_error, plateau.step(2), kClosed);
    EXPECT_EQ(groups.size(), 1u);
    EXPECT(!parameter.defined());
    EXPECT(reference.state().empty());
    check::holds(held.use_count() == 0, name);
    groups.clear();
    scheduler.step();
  };
  const auto parameters = [] {
    const Problem problem;
    problem.loss();
    return problem.parameters();
  };
  const NoiseSpec noise = NoiseSpec::uniform(8);
  expect_refused("FusedSGD", make_retiring<FusedSGD>(parameters(), options<SGD>()));
  expect_refused("NoisyFusedAdam",
                 make_retiring<NoisyFusedAdam>(parameters(), options<torch::optim::Adam>(), noise));
  expect_refused("FusedAdamW",
                 make_retiring<FusedAdamW>(parameters(), options<torch::optim::AdamW>()));
  expect_refused("FusedAdagrad",
                 make_retiring<FusedAdagrad>(parameters(), options<torch::optim::Adagrad>()));
  expect_refused("NoisyFusedRMSprop", make_retiring<NoisyFusedRMSprop>(
                                          parameters(), options<torch::optim::RMSprop>(), noise));
  expect_refused("L4Adam", make_retiring<L4Adam>(parameters()));
  expect_refused("SGD", make_retiring<SGD>(parameters(), options<SGD>()));
  retire(nullptr);
}

TEST(parameters_that_are_replaced_between_steps) {
  for_each([](Stepper& stepper, Problem& problem) {
    stepper.step([&] { return problem.loss(); });
    problem.w.set_data(problem.w.detach().clone());
    problem.v.set_data(at::randn({5, 1}));
    problem.b.mutable_grad().reset();
    expect_alive(stepper, problem);
  });
}

TEST(optimizers_over_the_same_parameters_step_in_turn) {
  Problem shared, alone;
  FusedSGD first(shared.parameters(), SGDOptions(0.01)),
      second(shared.parameters(), SGDOptions(0.01));
  SGD stock(shared.parameters(), SGDOptions(0.01)), expected(alone.parameters(), SGDOptions(0.01));
  NoisyFusedSGD noisy(shared.parameters(), SGDOptions(0.01), NoiseSpec::none());
  StepHook hook(stock, NoiseSpec::none());
  const std::vector<LossClosure> steps{[&] { return first.step(); }, [&] { return stock.step(); },
                                       [&] { return second.step(); }, [&] { return noisy.step(); },
                                       [&] { return hook.step(); }};
  for (int i = 0; i < 5; ++i) {
    for (const auto& step : steps) {
      shared.loss();
      step();
      alone.loss();
      expected.step();
      EXPECT(shared == alone);
    }
  }
}

TEST(groups_that_are_removed_or_moved_leave_their_options_in_memory) {
  Problem problem;
  FusedSGD optimizer(problem.parameters(), options<SGD>());
  auto& first = optimizer.param_groups()[0].options();
  set_options(optimizer, 0, SGDOptions(0.5));
  EXPECT_EQ(first.get_lr(), 0.5);
  EXPECT_EQ(&first, &optimizer.param_groups()[0].options());
  const OptimizerParamGroup& moved = optimizer.param_groups()[0];
  reserve_groups(optimizer, 100);
  EXPECT(!moved.has_options());
  EXPECT(moved.params().empty());
  EXPECT_EQ(&first, &optimizer.param_groups()[0].options());
  for (int i = 0; i < 20; ++i) {
    optimizer.add_param_group(OptimizerParamGroup({at::randn({2}).requires_grad_()}));
  }
  EXPECT_EQ(optimizer.param_groups().capacity(), 100u);
  retire_groups(optimizer, 0, 1);
  EXPECT_THROWS(std::logic_error, first.get_lr(),
                "the parameter group was removed from its optimizer");
  EXPECT_THROWS(std::logic_error, first.set_lr(1),
                "the parameter group was removed from its optimizer");
  optimizer.param_groups().erase(optimizer.param_groups().begin());
  EXPECT_EQ(optimizer.param_groups().size(), 20u);
  retire_groups(optimizer, 5, 1000);
  auto& groups = optimizer.param_groups();
  groups.erase(groups.begin() + 5, groups.end());
  optimizer.step([&] { return problem.loss(); });
}

TEST(the_state_of_removed_parameters_is_forgotten) {
  for_each([](Stepper& stepper, Problem& problem) {
    Optimizer& optimizer = *stepper.optimizer;
    stepper.step([&] { return problem.loss(); });
    const size_t states = optimizer.state().size();
    forget_removed(optimizer);
    EXPECT_EQ(optimizer.state().size(), states);
    auto& parameters = optimizer.param_groups()[0].params();
    const at::Tensor removed = parameters.back();
    parameters.pop_back();
    forget_removed(optimizer);
    EXPECT(optimizer.state().find(removed.unsafeGetTensorImpl()) == optimizer.state().end());
    EXPECT_EQ(optimizer.state().size(), states == 0 ? 0 : states - 1);
    expect_alive(stepper, problem);
    optimizer.param_groups().clear();
    forget_removed(optimizer);
    EXPECT(optimizer.state().empty());
  });
}

TEST(settings_of_l4_outside_their_intervals_are_refused) {
  Problem problem;
  L4Mom optimizer(problem.parameters());
  const std::string message = "momentum must be in [0, 1), but is 2";
  const OptimizerParamGroup wrong(problem.parameters(),
                                  std::make_unique<L4Options>(L4Options().momentum(2)));
  EXPECT_THROWS(std::invalid_argument, check_group(optimizer, wrong), message);
  EXPECT_THROWS(std::invalid_argument, set_options(optimizer, 0, wrong.options()), message);
  static_cast<L4Options&>(optimizer.param_groups()[0].options()).momentum(2);
  EXPECT_THROWS(std::invalid_argument, optimizer.step([&] { return problem.loss(); }), message);
}

TEST(groups_with_options_of_another_class_are_refused) {
  Problem problem;
  const std::string message =
      "the options of a parameter group must be torch::optim::SGDOptions, but are "
      "torch::optim::AdamOptions";
  const OptimizerParamGroup foreign(problem.parameters(),
                                    std::make_unique<torch::optim::AdamOptions>(0.1));
  FusedSGD optimizer(problem.parameters(), options<SGD>());
  EXPECT_THROWS(std::invalid_argument, check_group(optimizer, foreign), message);
  EXPECT_THROWS(std::invalid_argument, set_options(optimizer, 0, foreign.options()), message);
  EXPECT_THROWS(std::invalid_argument, FusedSGD({foreign}, options<SGD>()),
                "the options of parameter group 0 must be torch::optim::SGDOptions");
  EXPECT_THROWS(std::out_of_range, set_options(optimizer, 1, options<SGD>()), "");
  check_group(optimizer, OptimizerParamGroup(problem.parameters()));
  EXPECT_EQ(lr_of(optimizer), options<SGD>().lr());
}
