#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include "check.h"
#include "noisylr/l4.h"
#include "noisylr/noisy.h"
#include "noisylr/perturbation.h"
#include "problem.h"

namespace lifetime_test {

using namespace noisylr;
using namespace torch::optim;

namespace {

using LossClosure = Optimizer::LossClosure;
constexpr const char* kRuns = "step() was called by the closure or by another thread";

/// The step of an object, which it keeps alive.
struct Stepper {
  std::string name;
  std::shared_ptr<Optimizer> optimizer;
  std::function<at::Tensor(LossClosure)> step;
};

template <class Wrapper, class... Arguments>
Stepper wrapper(const char* name, const std::shared_ptr<Optimizer>& optimizer,
                const Arguments&... arguments) {
  auto object = std::make_shared<Wrapper>(*optimizer, arguments...);
  return {name, optimizer, [object](LossClosure c) { return object->step(std::move(c)); }};
}

Stepper alone(const char* name, std::shared_ptr<Optimizer> optimizer) {
  return {name, optimizer, [optimizer](LossClosure c) { return optimizer->step(std::move(c)); }};
}

std::shared_ptr<Optimizer> stock(const Problem& problem) {
  return std::make_shared<SGD>(problem.parameters(), SGDOptions(0.01));
}

std::vector<Stepper> steppers(const Problem& problem) {
  const auto p = problem.parameters();
  NoiseSpec noise = NoiseSpec::uniform(8);
  noise.steps_per_epoch = 10;
  return {
      alone("NoisySGD", std::make_shared<NoisySGD>(p, options<SGD>(), noise)),
      alone("NoisyAdam", std::make_shared<NoisyAdam>(p, options<torch::optim::Adam>(), noise)),
      alone("NoisyAdamW", std::make_shared<NoisyAdamW>(p, options<torch::optim::AdamW>())),
      alone("NoisyAdagrad", std::make_shared<NoisyAdagrad>(p, options<torch::optim::Adagrad>())),
      alone("NoisyRMSprop", std::make_shared<NoisyRMSprop>(p, options<torch::optim::RMSprop>())),
      alone("L4Mom", std::make_shared<L4Mom>(p)),
      alone("L4Adam", std::make_shared<L4Adam>(p)),
      wrapper<StepHook>("StepHook", stock(problem), noise),
      wrapper<GradientNoise>("GradientNoise", stock(problem), 0.1, 0.55, 1),
      wrapper<Langevin>("Langevin", stock(problem), 1e-6, 1),
      wrapper<PerturbedDescent>("PerturbedDescent", stock(problem), 1e-3, 100.0, 3, 1),
      wrapper<Alrao>("Alrao", stock(problem), 0.1, 1.0, 1),
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

TEST(threads_that_step_at_once_step_or_throw) {
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

TEST(a_closed_optimizer_has_given_up_its_tensors) {
  for_each([](Stepper& stepper, Problem& problem) {
    Optimizer& optimizer = *stepper.optimizer;
    stepper.step([&] { return problem.loss(); });
    if (typeid(optimizer) == typeid(SGD)) return;
    at::Tensor& parameter = optimizer.param_groups()[0].params()[0];
    const size_t references = problem.w.use_count();
    stepper.step([&] {
      EXPECT_THROWS(std::logic_error, close(optimizer), "close() was called by the closure");
      return problem.loss();
    });
    close(optimizer);
    close(optimizer);
    EXPECT(!parameter.defined());
    EXPECT(optimizer.state().empty());
    EXPECT(problem.w.use_count() < references);
    EXPECT_EQ(optimizer.param_groups().size(), 1u);
  });
}

TEST(a_wrapper_cannot_be_closed_in_its_step) {
  Problem problem;
  const auto optimizer = stock(problem);
  StepHook hook(*optimizer, NoiseSpec::uniform(8));
  hook.epoch(0);
  hook.step([&] {
    EXPECT_THROWS(std::logic_error, hook.close(), "close() was called by the closure");
    return problem.loss();
  });
  hook.close();
}

TEST(optimizers_over_the_same_parameters_step_in_turn) {
  Problem shared, alone;
  NoisySGD first(shared.parameters(), SGDOptions(0.01));
  NoisySGD second(shared.parameters(), SGDOptions(0.01));
  SGD stock(shared.parameters(), SGDOptions(0.01)), expected(alone.parameters(), SGDOptions(0.01));
  StepHook hook(second, NoiseSpec::none());
  const std::vector<LossClosure> steps{[&] { return first.step(); }, [&] { return stock.step(); },
                                       [&] { return second.step(); }, [&] { return hook.step(); }};
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

TEST(references_to_groups_stay_valid_while_groups_are_added) {
  Problem problem;
  NoisySGD optimizer(problem.parameters(), options<SGD>());
  const OptimizerParamGroup& first = optimizer.param_groups()[0];
  for (int i = 1; i < 16; ++i) {
    optimizer.add_param_group(OptimizerParamGroup({at::randn({2}).requires_grad_()}));
  }
  EXPECT_EQ(&first, &optimizer.param_groups()[0]);
}

TEST(the_state_of_removed_parameters_is_erased_by_the_next_step) {
  for_each([](Stepper& stepper, Problem& problem) {
    Optimizer& optimizer = *stepper.optimizer;
    if (typeid(optimizer) == typeid(SGD)) return;
    stepper.step([&] { return problem.loss(); });
    const size_t states = optimizer.state().size();
    optimizer.param_groups()[0].params().pop_back();
    stepper.step([&] { return problem.loss(); });
    EXPECT(optimizer.state().find(problem.v.unsafeGetTensorImpl()) == optimizer.state().end());
    EXPECT_EQ(optimizer.state().size(), states - 1);
  });
}

TEST(a_new_tensor_is_never_at_the_address_of_a_removed_one_that_has_state) {
  for_each([](Stepper& stepper, Problem& problem) {
    Optimizer& optimizer = *stepper.optimizer;
    if (typeid(optimizer) == typeid(SGD)) return;
    stepper.step([&] { return problem.loss(); });
    auto& parameters = optimizer.param_groups()[0].params();
    parameters = {at::ones({3}).requires_grad_()};
    parameters[0].mutable_grad() = at::ones({3});
    stepper.step([&] { return at::ones({}); });
    const void* former = parameters[0].unsafeGetTensorImpl();
    parameters[0].reset();
    std::vector<at::Tensor> others;
    for (int i = 0; i < 100; ++i) others.push_back(at::empty({3}));
    for (const at::Tensor& other : others) EXPECT(other.unsafeGetTensorImpl() != former);
  });
}

}  // namespace lifetime_test
