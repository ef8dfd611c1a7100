// The fused optimizer in place of the stock one: closures, archives, schedulers.

#include <torch/optim/schedulers/step_lr.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/noisy.h"
#include "stock_and_fused.h"

namespace fused_drop_in_test {

using namespace stock_and_fused;

TEST_EACH_OPTIMIZER(the_first_step_can_be_fused_or_stock) {
  for (const bool fused_first : {true, false}) {
    StockAndFused<Base> pair(many_sizes());
    EXPECT(pair.fused.implementation() == Implementation::kFused);
    for (int i = 0; i < 20; ++i) {
      const bool is_fused = (i % 2 == 0) == fused_first;
      pair.fused.implementation(is_fused ? Implementation::kFused : Implementation::kStock);
      EXPECT((pair.fused.implementation() == Implementation::kFused) == is_fused);
      pair.steps(1);
    }
  }
}

TEST_EACH_OPTIMIZER(the_closure_runs_with_gradients_and_its_loss_is_returned) {
  Problem stock_problem, fused_problem;
  Base stock(stock_problem.parameters(), options<Base>());
  Noisy<Base> fused(fused_problem.parameters(), options<Base>());
  for (int i = 0; i < kSteps; ++i) {
    at::NoGradGuard no_grad;
    const at::Tensor expected = stock.step([&] { return stock_problem.loss(); });
    const at::Tensor loss = fused.step([&] {
      EXPECT(at::GradMode::is_enabled());
      return fused_problem.loss();
    });
    EXPECT(!at::GradMode::is_enabled());
    EXPECT(at::equal(loss, expected));
    EXPECT(fused_problem == stock_problem);
  }
}

TEST_EACH_OPTIMIZER(the_closure_may_add_a_group_and_change_options) {
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    Problem stock_problem, fused_problem;
    Base stock({stock_problem.w, stock_problem.b}, options<Base>());
    Noisy<Base> fused({fused_problem.w, fused_problem.b}, options<Base>());
    fused.implementation(implementation);
    const auto step = [](Optimizer& optimizer, const Problem& problem, int i) {
      optimizer.step([&] {
        if (i == 3) {
          optimizer.add_param_group(OptimizerParamGroup({problem.v}));
          if (!dynamic_cast<FusedOptimizer*>(&optimizer)) begin(optimizer, problem.v);
        }
        optimizer.param_groups()[0].options().set_lr(0.01 / (i + 1));
        return problem.loss();
      });
    };
    for (int i = 0; i < 10; ++i) {
      step(stock, stock_problem, i);
      step(fused, fused_problem, i);
      EXPECT(fused_problem == stock_problem);
    }
  }
}

TEST_EACH_OPTIMIZER(a_closure_that_throws_changes_nothing) {
  StockAndFused<Base> pair({randn({100})});
  pair.steps(3);
  EXPECT_THROWS(std::runtime_error,
                pair.fused.step([]() -> at::Tensor { throw std::runtime_error("no loss"); }),
                "no loss");
  pair.expect_equal();
  pair.steps(3);
}

TEST_EACH_OPTIMIZER(versions_count_as_with_the_stock_step) {
  StockAndFused<Base> pair({randn({10}), randn({20})});
  pair.steps(2);
  const auto stock_version = pair.stock_parameters[0]._version();
  const auto fused_version = pair.fused_parameters[0]._version();
  pair.steps(1);
  EXPECT_EQ(pair.fused_parameters[0]._version() > fused_version,
            pair.stock_parameters[0]._version() > stock_version);
}

TEST_EACH_OPTIMIZER(gradients_are_not_kept_alive) {
  const at::Tensor p = randn({100});
  Noisy<Base> fused({p}, options<Base>());
  at::Tensor grad = random_grad(p);
  const c10::weak_intrusive_ptr<c10::TensorImpl> watched(grad.getIntrusivePtr());
  set_grad(p, grad);
  fused.step();
  grad.reset();
  p.mutable_grad().reset();
  EXPECT(watched.expired());
}

TEST_EACH_OPTIMIZER(archives_load_both_ways) {
  Problem problem;
  Base stock(problem.parameters(), options<Base>());
  for (int i = 0; i < 20; ++i) stock.step([&] { return problem.loss(); });
  const auto copy_of = [](const Problem& from) {
    Problem copy;
    at::NoGradGuard no_grad;
    copy.w.copy_(from.w);
    copy.b.copy_(from.b);
    copy.v.copy_(from.v);
    return copy;
  };
  Problem fused_problem = copy_of(problem);
  Noisy<Base> fused(fused_problem.parameters(), options<Base>());
  auto there = archived(stock);
  fused.load(there);
  Problem back_problem = copy_of(problem);
  Base back(back_problem.parameters(), options<Base>());
  auto again = archived(fused);
  back.load(again);
  for (int i = 0; i < 20; ++i) {
    stock.step([&] { return problem.loss(); });
    fused.step([&] { return fused_problem.loss(); });
    back.step([&] { return back_problem.loss(); });
    EXPECT(fused_problem == problem);
    EXPECT(back_problem == problem);
  }
}

TEST_EACH_OPTIMIZER(noise_equals_the_stock_step_with_noise) {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.seed = 5;
  spec.per_step = true;
  spec.independent_groups = true;
  Problem stock_problem, fused_problem;
  Noisy<Base> stock(two_groups<Base>(stock_problem), options<Base>(), spec);
  stock.implementation(Implementation::kStock);
  Noisy<Base> fused(two_groups<Base>(fused_problem), options<Base>(), spec);
  for (int i = 0; i < kSteps; ++i) {
    stock.epoch(i / 10);
    fused.epoch(i / 10);
    stock.step([&] { return stock_problem.loss(); });
    fused.step([&] { return fused_problem.loss(); });
    EXPECT(fused_problem == stock_problem);
    EXPECT(fused.realised_lrs() == stock.realised_lrs());
  }
  EXPECT(&fused_optimizer(fused) == static_cast<LrNoise*>(&fused));
  auto archive = archived(fused);
  stock.load(archive);
  EXPECT_EQ(stock.steps(), kSteps);
  EXPECT_THROWS(std::invalid_argument, StepHook(fused, spec), "the optimizer");
}

TEST_EACH_OPTIMIZER(libtorch_schedulers_set_the_rate) {
  StockAndFused<Base> pair({randn({100})});
  StepLR stock_schedule(pair.stock, 5, 0.5), fused_schedule(pair.fused, 5, 0.5);
  for (int i = 0; i < 20; ++i) {
    pair.steps(1);
    stock_schedule.step();
    fused_schedule.step();
  }
  EXPECT_EQ(lr_of(pair.fused), lr_of(pair.stock));
  EXPECT_EQ(lr_of(pair.fused), options<Base>().lr() / 8);
}

TEST_EACH_OPTIMIZER(rates_in_tensors_give_the_same_steps) {
  // Only ATen's operations read them; the rate is rounded to float there.
  if constexpr (std::is_same_v<Base, SGD>) return;  // none on a CPU
  at::manual_seed(3);
  const auto type = at::kHalf;
  const auto options = ::options<Base>();
  const at::Tensor p = randn({50}, type), q = same_layout(p);
  Noisy<Base> by_number({p}, options), by_tensor({q}, options);
  by_tensor.lr_tensors(true);
  for (int i = 0; i < 50; ++i) {
    for (Optimizer* optimizer :
         {static_cast<Optimizer*>(&by_number), static_cast<Optimizer*>(&by_tensor)}) {
      optimizer->param_groups()[0].options().set_lr(0.01 / (1 + i / 10));
    }
    set_grad(p, random_grad(p));
    set_grad(q, p.grad().clone());
    by_number.step();
    by_tensor.step();
  }
  EXPECT(error(q, p.to(at::kDouble)) <= 0.01 * greatest(p));
}

TEST_EACH_OPTIMIZER(fused_optimizer_finds_only_noisy_optimizers) {
  Problem problem;
  Noisy<Base> noisy(problem.parameters(), options<Base>(), NoiseSpec::none());
  fused_optimizer(noisy).implementation(Implementation::kStock);
  EXPECT(noisy.implementation() == Implementation::kStock);
  Base plain(problem.parameters(), options<Base>());
  EXPECT_THROWS(std::invalid_argument, fused_optimizer(plain),
                "the optimizer must be a noisylr::Noisy optimizer");
}

TEST(options_are_checked_as_in_the_stock_optimizer) {
  const Tensors p = {randn({1})};
  EXPECT_THROWS(c10::Error, NoisySGD(p, SGDOptions(-1)), "Invalid learning rate: -1");
  EXPECT_THROWS(c10::Error, NoisySGD(p, SGDOptions(1).momentum(-1)), "Invalid momentum value: -1");
  EXPECT_THROWS(c10::Error, NoisyAdam(p, AdamOptions(1).eps(-1)), "Invalid epsilon value: -1");
  EXPECT_THROWS(c10::Error, NoisyAdagrad(p, AdagradOptions(1).lr_decay(-1)),
                "Invalid lr_decay value: -1");
}

}  // namespace fused_drop_in_test
