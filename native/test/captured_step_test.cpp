// Recorded and replayed steps, with a graph that does the recorded work anew in each replay.
// device_test.cpp has those with the graph of CUDA.

#include "noisylr/captured_step.h"

#include <functional>
#include <memory>
#include <utility>

#include "check.h"
#include "noisylr/state.h"
#include "problem.h"

namespace captured_step_test {

using namespace noisylr;

namespace {

const NoiseSpec kNoise = [] {
  NoiseSpec noise = NoiseSpec::uniform(2);
  noise.steps_per_epoch = 4;
  return noise;
}();

int recordings = 0;

class RepeatedWork final : public DeviceGraph {
 public:
  void run(const Work& work) override { work(); }
  void record(const Work& work) override {
    work_ = work;
    ++recordings;
  }
  void replay() override {
    at::AutoGradMode with_gradients(true);
    work_();
  }

 private:
  std::function<void()> work_;
};

struct GraphsOnCpu {
  GraphsOnCpu() {
    recordings = 0;
    device_graphs(at::kCPU, [](at::Device) -> std::unique_ptr<DeviceGraph> {
      return std::make_unique<RepeatedWork>();
    });
  }
  ~GraphsOnCpu() { device_graphs(at::kCPU, nullptr); }
};

/// Its parameters are those that ATen's operations step on a CPU.
Problem in_bfloat16() {
  Problem problem;
  for (at::Tensor* t : {&problem.x, &problem.y, &problem.w, &problem.b, &problem.v}) {
    *t = t->detach().to(at::kBFloat16).requires_grad_(t->requires_grad());
  }
  return problem;
}

/// Two runs that must stay equal: one of plain steps, one of captured ones.
template <class Base>
struct Pair {
  GraphsOnCpu graphs;
  Problem a = in_bfloat16(), b = in_bfloat16();
  Noisy<Base> plain{two_groups<Base>(a), options<Base>(), kNoise};
  Noisy<Base> recorded{two_groups<Base>(b), options<Base>(), kNoise};
  CapturedStep captured{recorded, [this] { return b.loss(); }};

  Pair() { plain.lr_tensors(true); }

  template <class Change>
  void both(Change change) {
    change(plain);
    change(recorded);
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      plain.step([this] { return a.loss(); });
      captured.step();
      EXPECT_EQ(recorded.realised_lr(1), plain.realised_lr(1));
    }
    EXPECT(a == b);
    EXPECT_EQ(recorded.steps(), plain.steps());
  }
};

template <class Base>
constexpr bool kHasOperation = !std::is_same_v<Base, torch::optim::SGD>;  // on a CPU

}  // namespace

TEST_EACH_OPTIMIZER(replays_are_the_steps_that_would_have_been) {
  if constexpr (kHasOperation<Base>) {
    Pair<Base> pair;
    pair.steps(3);
    EXPECT(!pair.captured.is_replayed());
    pair.steps(20);
    EXPECT(pair.captured.is_replayed());
    EXPECT_EQ(recordings, 1);
  }
}

TEST_EACH_OPTIMIZER(replays_follow_schedules_noise_and_archives) {
  if constexpr (kHasOperation<Base>) {
    Pair<Base> pair;
    pair.steps(10);
    NoiseSpec other = kNoise;
    other.seed = 5;
    pair.both([&](auto& optimizer) {
      optimizer.param_groups()[0].options().set_lr(1e-3);
      optimizer.noise(other);
    });
    pair.steps(10);
    EXPECT_EQ(recordings, 1);
    pair.both([](auto& optimizer) {
      auto archive = archived(optimizer);
      optimizer.load(archive);
    });
    pair.steps(10);
    EXPECT_EQ(recordings, 2);
  }
}

TEST_EACH_OPTIMIZER(changed_options_and_eager_steps_between_are_noticed) {
  if constexpr (kHasOperation<Base>) {
    Pair<Base> pair;
    pair.steps(10);
    pair.both([](auto& optimizer) {
      using Options = typename OptionsOf<Base>::type;
      static_cast<Options&>(optimizer.param_groups()[0].options()).weight_decay(0.5);
    });
    pair.steps(10);
    EXPECT_EQ(recordings, 2);
    pair.plain.step([&] { return pair.a.loss(); });
    pair.recorded.step([&] { return pair.b.loss(); });
    pair.steps(10);
    EXPECT_EQ(recordings, 2);
  }
}

TEST(a_closure_that_throws_changes_nothing) {
  GraphsOnCpu graphs;
  Problem problem = in_bfloat16();
  NoisyAdam optimizer(problem.parameters(), options<torch::optim::Adam>(), kNoise);
  bool fails = false;
  CapturedStep captured(optimizer, [&] {
    if (fails) throw std::runtime_error("no batch");
    return problem.loss();
  });
  for (int i = 0; i < 5; ++i) captured.step();
  fails = true;
  EXPECT_THROWS(std::runtime_error, captured.step(), "no batch");
  EXPECT_EQ(optimizer.steps(), 5);
  fails = false;
  captured.step();
  EXPECT_EQ(optimizer.steps(), 6);
}

TEST(what_cannot_be_captured_is_rejected) {
  Problem problem;
  const auto closure = [&] { return problem.loss(); };
  NoisyAdam on_cpu(problem.parameters(), options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(on_cpu, closure),
                "a step can be captured on a CUDA device with the library noisylr_cuda, but the "
                "parameters are on cpu");
  torch::optim::Adam stock(problem.parameters(), options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(stock, closure),
                "the optimizer must be a noisylr::Noisy optimizer");
  NoisyAdam empty(std::vector<at::Tensor>{}, options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(empty, closure),
                "the optimizer has no parameters");
  // Float parameters on a CPU have loops of their own, which no graph records.
  GraphsOnCpu graphs;
  CapturedStep by_kernels(on_cpu, closure);
  for (int i = 0; i < 3; ++i) by_kernels.step();
  EXPECT_THROWS(std::logic_error, by_kernels.step(), "the step cannot be captured");
}

}  // namespace captured_step_test
