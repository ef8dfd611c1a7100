// What a closure sees and may change in a noisy step.

#include <stdexcept>

#include "check.h"
#include "noisylr/noisy.h"
#include "problem.h"

namespace closure_test {

using namespace noisylr;
using namespace torch::optim;

TEST(a_closure_sees_base_rates) {
  Problem problem;
  NoisySGD noisy(problem.parameters(), SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  double seen = 0;
  noisy.step([&] {
    seen = lr_of(noisy);
    return problem.loss();
  });
  EXPECT_EQ(seen, 0.1);
}

TEST(a_closure_may_change_the_base_rate_and_the_epoch) {
  Problem problem;
  NoisySGD noisy(problem.parameters(), SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  noisy.step([&] {
    noisy.param_groups()[0].options().set_lr(0.2);
    noisy.epoch(3);
    return problem.loss();
  });
  EXPECT_EQ(lr_of(noisy), 0.2);
  EXPECT_EQ(noisy.realised_lr(), 0.2 * factor(noisy.noise(), 3, 0, 0));
}

TEST(a_group_that_a_closure_adds_takes_part_in_the_step) {
  Problem problem;
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.independent_groups = true;
  NoisySGD noisy({problem.w}, SGDOptions(0.1), spec);
  noisy.epoch(0);
  noisy.step([&] {
    for (const at::Tensor& p : {problem.b, problem.v}) {
      noisy.add_param_group(OptimizerParamGroup({p}));
    }
    return problem.loss();
  });
  EXPECT_EQ(noisy.realised_lrs().size(), size_t{3});
  for (size_t group = 0; group < 3; ++group) {
    EXPECT_EQ(noisy.realised_lr(group), 0.1 * factor(spec, 0, 0, group));
    EXPECT_EQ(lr_of(noisy, group), 0.1);
  }
  EXPECT(!at::equal(problem.b, Problem().b));
}

TEST(groups_that_a_failing_closure_added_keep_base_rates) {
  Problem problem;
  NoisySGD noisy({problem.w}, SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  const auto add_and_throw = [&]() -> at::Tensor {
    noisy.add_param_group(OptimizerParamGroup({problem.v}));
    throw std::runtime_error("late");
  };
  EXPECT_THROWS(std::runtime_error, noisy.step(add_and_throw), "late");
  EXPECT_EQ(lr_of(noisy, 0), 0.1);
  EXPECT_EQ(lr_of(noisy, 1), 0.1);
}

TEST(a_step_inside_a_step_throws) {
  Problem problem;
  NoisySGD noisy(problem.parameters(), SGDOptions(0.1), NoiseSpec::uniform(8));
  noisy.epoch(0);
  const char* message = "step() was called by the closure or by another thread";
  EXPECT_THROWS(std::logic_error, noisy.step([&] { return noisy.step(); }), message);
  EXPECT_EQ(lr_of(noisy), 0.1);
  EXPECT_EQ(noisy.steps(), 0);
  noisy.step([&] {
    EXPECT_THROWS(std::logic_error, noisy.step(), message);
    EXPECT_EQ(lr_of(noisy), 0.1);
    return problem.loss();
  });
  EXPECT_EQ(noisy.steps(), 1);
  EXPECT_EQ(noisy.realised_lr(), 0.1 * factor(noisy.noise(), 0, 0, 0));
}

}  // namespace closure_test
