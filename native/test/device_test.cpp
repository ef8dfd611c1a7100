// What must hold on any device. NOISYLR_TEST_DEVICE names it, cuda for instance; the CPU without
// it.

#include <torch/version.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string>

#include "check.h"
#include "noisylr/captured_step.h"
#include "noisylr/l4.h"
#include "noisylr/noisy.h"
#include "noisylr/perturbation.h"
#include "noisylr/state.h"
#include "problem.h"

namespace device_test {

using namespace noisylr;

namespace {

constexpr int kSteps = 50;
const NoiseSpec kNoise = [] {
  NoiseSpec noise = NoiseSpec::uniform(8);
  noise.steps_per_epoch = 7;
  return noise;
}();

at::Device device() {
  const char* name = std::getenv("NOISYLR_TEST_DEVICE");
  return at::Device(name && *name ? name : "cpu");
}

/// The problem with all its tensors on the device, in a type.
Problem on_device(at::ScalarType type = at::kFloat) {
  Problem problem;
  const auto move = [&](const at::Tensor& t) {
    return t.detach().to(device(), type).requires_grad_(t.requires_grad());
  };
  problem.x = move(problem.x);
  problem.y = move(problem.y);
  problem.w = move(problem.w);
  problem.b = move(problem.b);
  problem.v = move(problem.v);
  return problem;
}

/// The greatest difference between the parameters, over their greatest value.
double distance(const Problem& a, const Problem& b) {
  double greatest = 0;
  const auto left = a.parameters(), right = b.parameters();
  for (size_t i = 0; i < left.size(); ++i) {
    const at::Tensor exact = right[i].detach().to(at::kCPU, at::kDouble);
    const at::Tensor error = (left[i].detach().to(at::kCPU, at::kDouble) - exact).abs().max();
    const double relative = error.item<double>() / exact.abs().max().item<double>();
    if (std::isnan(relative)) return relative;
    greatest = std::max(greatest, relative);
  }
  return greatest;
}

void train(const Problem& problem, torch::optim::Optimizer& optimizer, int steps = kSteps) {
  for (int i = 0; i < steps; ++i) {
    problem.loss();
    optimizer.step();
  }
}

void set_lr(torch::optim::Optimizer& optimizer, double lr) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(lr);
}

void expect_moved(const Problem& problem) { EXPECT(!(problem == on_device())); }

}  // namespace

TEST(the_device_is_there) {
  std::cout << "LibTorch " << TORCH_VERSION << ", device " << device() << std::endl;
  EXPECT(at::ones({2}, device()).sum().item<double>() == 2);
}

TEST_EACH_OPTIMIZER(without_noise_a_step_is_the_stock_one_bit_for_bit) {
  const Problem plain = on_device(), noisy = on_device();
  Base stock(plain.parameters(), options<Base>());
  Noisy<Base> none(noisy.parameters(), options<Base>(), NoiseSpec::none());
  none.implementation(Implementation::kStock);
  train(plain, stock);
  train(noisy, none);
  EXPECT(plain == noisy);
  expect_moved(plain);
}

TEST_EACH_OPTIMIZER(a_noisy_step_is_one_with_the_rate_set_by_hand_bit_for_bit) {
  const Problem by_hand = on_device(), by_noise = on_device(), by_fused = on_device();
  const double lr = lr_of(*std::make_unique<Base>(by_hand.parameters(), options<Base>()));
  Base stock(by_hand.parameters(), options<Base>());
  Noisy<Base> noisy(by_noise.parameters(), options<Base>(), kNoise);
  noisy.implementation(Implementation::kStock);
  const Problem fused_by_hand = on_device();
  Noisy<Base> fused(fused_by_hand.parameters(), options<Base>());
  Noisy<Base> noisy_fused(by_fused.parameters(), options<Base>(), kNoise);
  for (int epoch = 0; epoch < 20; ++epoch) {
    const double expected = realised(kNoise, lr, epoch, 0, 0);
    set_lr(stock, expected);
    set_lr(fused, expected);
    noisy.epoch(epoch);
    noisy_fused.epoch(epoch);
    train(by_hand, stock, 3);
    train(by_noise, noisy, 3);
    train(fused_by_hand, fused, 3);
    train(by_fused, noisy_fused, 3);
    EXPECT_EQ(noisy.realised_lr(), expected);
    EXPECT_EQ(lr_of(noisy), lr);
  }
  EXPECT(by_hand == by_noise);
  EXPECT(fused_by_hand == by_fused);
  expect_moved(by_hand);
}

TEST_EACH_OPTIMIZER(a_fused_step_has_the_values_of_the_stock_one) {
  for (const auto& [type, tolerance] :
       {std::pair(at::kFloat, 2e-5), std::pair(at::kDouble, 1e-12)}) {
    const Problem plain = on_device(type), fast = on_device(type);
    Base stock(plain.parameters(), options<Base>());
    Noisy<Base> fused(fast.parameters(), options<Base>());
    train(plain, stock);
    train(fast, fused);
    EXPECT(distance(fast, plain) <= tolerance);
    EXPECT_EQ(fused.fallback_count(), 0u);  // or the two would be the same step
    EXPECT(!(fast == on_device(type)));
  }
}

TEST_EACH_OPTIMIZER(learning_rates_in_tensors_give_the_same_steps) {
  const Problem plain = on_device(), tensors = on_device();
  Noisy<Base> a(plain.parameters(), options<Base>(), kNoise);
  Noisy<Base> b(tensors.parameters(), options<Base>(), kNoise);
  b.lr_tensors(true);
  train(plain, a);
  train(tensors, b);
  EXPECT(distance(tensors, plain) <= 2e-5);
}

TEST_EACH_OPTIMIZER(captured_steps_are_the_steps_that_would_have_been) {
  const Problem plain = on_device(), captured = on_device();
  Noisy<Base> a(plain.parameters(), options<Base>(), kNoise);
  Noisy<Base> b(captured.parameters(), options<Base>(), kNoise);
  a.lr_tensors(true);
  if (!has_device_graphs(device().type())) {
    EXPECT_THROWS(std::invalid_argument, CapturedStep(b, [&] { return captured.loss(); }),
                  device().is_cuda() ? "the library noisylr_cuda" : "the parameters must be on a");
    return;
  }
  CapturedStep step(b, [&] { return captured.loss(); });
  for (int i = 0; i < kSteps; ++i) {
    const at::Tensor expected = a.step([&] { return plain.loss(); });
    const at::Tensor loss = step.step();
    EXPECT(std::abs(loss.item<double>() - expected.item<double>()) <=
           1e-5 * expected.item<double>());
    EXPECT_EQ(b.realised_lr(), a.realised_lr());
  }
  EXPECT(step.is_replayed());
  EXPECT(distance(captured, plain) <= 2e-5);
  EXPECT(!(captured == on_device()));
  // What follows a recording sees the same counts.
  auto archive = archived(b);
  Noisy<Base> after(captured.parameters(), options<Base>(), kNoise);
  after.load(archive);
  train(captured, after, 3);
  train(plain, a, 3);
  EXPECT(distance(captured, plain) <= 2e-5);
}

TEST_EACH_OPTIMIZER(archives_and_states_resume_on_the_device) {
  const Problem whole = on_device(), first = on_device();
  Noisy<Base> undisturbed(whole.parameters(), options<Base>(), kNoise);
  Noisy<Base> before(first.parameters(), options<Base>(), kNoise);
  train(whole, undisturbed, 10);
  train(first, before, 10);
  Noisy<Base> after(first.parameters(), options<Base>(), kNoise);
  auto archive = archived(before);
  after.load(archive);
  train(whole, undisturbed, 10);
  train(first, after, 10);
  EXPECT(whole == first);
}

TEST(l4_and_perturbations_step_on_the_device) {
  const Problem problem = on_device();
  const auto closure = [&] { return problem.loss(); };
  L4Adam l4(problem.parameters());
  StepHook noisy(l4, kNoise);
  torch::optim::SGD sgd(problem.parameters(), options<torch::optim::SGD>());
  GradientNoise gradient_noise(sgd, 1e-3, 0.55, 1);
  Langevin langevin(sgd, 1e-6, 1);
  PerturbedDescent descent(sgd, 1e-3, 100, 3, 1);
  Alrao alrao(sgd, 0.1, 1, 1);
  const double start = problem.loss().item<double>();
  for (int i = 0; i < 30; ++i) noisy.step(closure);
  const double end = problem.loss().item<double>();
  EXPECT(end < start);
  gradient_noise.step(closure);
  langevin.step(closure);
  descent.step(closure);
  alrao.step(closure);
  for (const at::Tensor& p : problem.parameters()) EXPECT(p.isfinite().all().item<bool>());
}

}  // namespace device_test
