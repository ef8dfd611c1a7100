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
bool recording_fails = false;

class RepeatedWork final : public DeviceGraph {
 public:
  void run(const Work& work) override { work(); }
  void record(const Work& work) override {
    if (recording_fails) throw std::runtime_error("the recording failed");
    work_ = work;
    ++recordings;
  }
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

struct GraphsOnCpu {
  GraphsOnCpu() {
    recordings = 0;
    recording_fails = false;
    register_device_graphs(at::kCPU, [](at::Device) -> std::unique_ptr<DeviceGraph> {
      return std::make_unique<RepeatedWork>();
    });
  }
  ~GraphsOnCpu() { register_device_graphs(at::kCPU, nullptr); }
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

  void uncaptured_step() {
    plain.step([this] { return a.loss(); });
    recorded.step([this] { return b.loss(); });
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

TEST_EACH_OPTIMIZER(what_is_replaced_is_recorded_again) {
  if constexpr (kHasOperation<Base>) {
    const auto decay = [](double value) {
      return [value](auto& optimizer) {
        using Options = typename OptionsOf<Base>::type;
        static_cast<Options&>(optimizer.param_groups()[0].options()).weight_decay(value);
      };
    };
    Pair<Base> pair;
    pair.steps(3);
    pair.both(decay(0.1));  // just before the recording
    pair.steps(10);
    EXPECT_EQ(recordings, 1);
    pair.both(decay(0.5));
    pair.steps(10);
    EXPECT_EQ(recordings, 2);
    pair.uncaptured_step();
    pair.steps(10);
    EXPECT_EQ(recordings, 2);
    pair.both(decay(0.2));
    pair.uncaptured_step();  // gathers anew what the recording does not have
    pair.steps(10);
    EXPECT_EQ(recordings, 3);
    EXPECT(pair.captured.is_replayed());
  }
}

TEST_EACH_OPTIMIZER(new_groups_and_lost_state_are_recorded_again) {
  if constexpr (kHasOperation<Base>) {
    GraphsOnCpu graphs;
    const Problem a = in_bfloat16(), b = in_bfloat16();
    Noisy<Base> plain({a.w, a.b}, options<Base>(), kNoise);
    Noisy<Base> recorded({b.w, b.b}, options<Base>(), kNoise);
    plain.lr_tensors(true);
    CapturedStep captured(recorded, [&] { return b.loss(); });
    const auto steps = [&] {
      for (int i = 0; i < 10; ++i) {
        plain.step([&] { return a.loss(); });
        captured.step();
      }
      EXPECT(a == b);
      EXPECT(captured.is_replayed());
    };
    steps();
    plain.add_param_group(torch::optim::OptimizerParamGroup({a.v}));
    recorded.add_param_group(torch::optim::OptimizerParamGroup({b.v}));
    steps();
    EXPECT_EQ(recordings, 2);
    plain.state().clear();
    recorded.state().clear();
    if (std::is_same_v<Base, torch::optim::Adagrad>) return;  // its sum begins elsewhere
    steps();
    EXPECT_EQ(recordings, 3);
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

TEST(a_recording_that_fails_is_made_again) {
  GraphsOnCpu graphs;
  Problem problem = in_bfloat16();
  NoisyAdam optimizer(problem.parameters(), options<torch::optim::Adam>(), kNoise);
  CapturedStep captured(optimizer, [&] { return problem.loss(); });
  for (int i = 0; i < 3; ++i) captured.step();
  recording_fails = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROWS(std::runtime_error, captured.step(), "the recording failed");
  }
  EXPECT_EQ(optimizer.steps(), 3);
  recording_fails = false;
  at::NoGradGuard no_grad;
  captured.step();
  EXPECT(captured.is_replayed());
  EXPECT_EQ(optimizer.steps(), 4);
}

TEST(a_closure_can_neither_step_nor_close) {
  GraphsOnCpu graphs;
  Problem problem = in_bfloat16();
  NoisyAdam optimizer(problem.parameters(), options<torch::optim::Adam>(), kNoise);
  std::unique_ptr<CapturedStep> captured;
  std::function<void()> misuse = [] {};
  captured = std::make_unique<CapturedStep>(optimizer, [&] {
    misuse();
    return problem.loss();
  });
  captured->step();
  misuse = [&] { captured->step(); };
  EXPECT_THROWS(std::logic_error, captured->step(), "step() was called by the closure");
  misuse = [&] { captured->close(); };
  EXPECT_THROWS(std::logic_error, captured->step(), "close() was called by the closure");
  misuse = [] {};
  for (int i = 0; i < 5; ++i) captured->step();
  EXPECT(captured->is_replayed());
  captured->close();
}

TEST(what_cannot_be_captured_is_rejected) {
  Problem problem;
  const auto closure = [&] { return problem.loss(); };
  NoisyAdam on_cpu(problem.parameters(), options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(on_cpu, closure),
                "the parameters must be on a CUDA device, but are on cpu");
  torch::optim::Adam stock(problem.parameters(), options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(stock, closure),
                "the optimizer must be a noisylr::Noisy optimizer");
  NoisyAdam empty(std::vector<at::Tensor>{}, options<torch::optim::Adam>());
  EXPECT_THROWS(std::invalid_argument, CapturedStep(empty, closure),
                "the optimizer has no parameters");
  // Float parameters on a CPU have loops of their own, which no graph records.
  GraphsOnCpu graphs;
  CapturedStep by_kernels(on_cpu, closure);
  for (int i = 0; i < 6; ++i) by_kernels.step();
  EXPECT_THROWS(std::logic_error, by_kernels.step(), "the step cannot be captured");
}

}  // namespace captured_step_test
