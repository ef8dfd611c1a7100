// The hook itself allocates nothing on the heap: steps of an optimizer that does nothing are
// counted.

#include <ATen/ATen.h>

#include "check.h"
#include "counted_allocations.h"
#include "noisylr/noisy.h"

namespace allocation_test {

using namespace noisylr;
using torch::optim::Optimizer;
using torch::optim::OptimizerParamGroup;
using torch::optim::SGDOptions;

namespace {

struct Idle : Optimizer {
  explicit Idle(SGDOptions defaults)
      : Optimizer(std::vector<OptimizerParamGroup>(), std::make_unique<SGDOptions>(defaults)) {}

  at::Tensor step(LossClosure closure = nullptr) override {
    return closure ? closure() : at::Tensor();
  }
};

template <class Work>
int allocations_in(Work work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

NoiseSpec spec() {
  NoiseSpec spec = NoiseSpec::gaussian(4, 1);
  spec.per_step = true;
  spec.independent_groups = true;
  return spec;
}

}  // namespace

TEST(counting_works) {
  EXPECT_EQ(allocations_in([] { ::operator delete(::operator new(1)); }), 1);
}

TEST(steps_allocate_only_when_the_number_of_groups_changes) {
  Idle idle(SGDOptions(0.1));
  for (int i = 0; i < 20; ++i) idle.add_param_group(OptimizerParamGroup({at::zeros({1})}));
  StepHook hook(idle, spec());
  const Optimizer::LossClosure closure = [] { return at::Tensor(); };
  EXPECT(allocations_in([&] { hook.step(); }) > 0);
  for (int i = 0; i < 100; ++i) {
    hook.epoch(i);
    EXPECT_EQ(allocations_in([&] { hook.step(); }), 0);
    EXPECT_EQ(allocations_in([&] { hook.step(closure); }), 0);
  }
  EXPECT_EQ(hook.steps(), 201);
  idle.add_param_group(OptimizerParamGroup({at::zeros({1})}));
  hook.step();
  EXPECT_EQ(allocations_in([&] { hook.step(closure); }), 0);
  EXPECT_EQ(hook.realised_lrs().size(), size_t{21});
}

}  // namespace allocation_test
