// Keras' momentum against its formula, at each change of the learning rate.

#include <vector>

#include "../src/aten_step.h"
#include "check.h"
#include "problem.h"

namespace momentum_form_test {

using namespace noisylr;
using torch::optim::SGD;
using torch::optim::SGDOptions;

namespace {

constexpr int kSteps = 30;
constexpr double kMomentum = 0.9, kWeightDecay = 1e-3;

SGDOptions options(bool nesterov) {
  return SGDOptions(0.01).momentum(kMomentum).weight_decay(kWeightDecay).nesterov(nesterov);
}

/// Uniform noise for each epoch; rates below 0.02 are 0.02, and some epochs have rate 0.
NoiseSpec noise() {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.seed = 5;
  return spec;
}

double base_rate(int64_t epoch) {
  return epoch % 4 == 3 ? 0 : 0.01 / static_cast<double>(1 + epoch);
}

/// v ← m·v − η·(g + λ·θ); θ ← θ + v, or θ + m·v − η·(g + λ·θ) with Nesterov's momentum.
class Keras {
 public:
  explicit Keras(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
    for (const at::Tensor& p : parameters) velocities_.push_back(at::zeros_like(p));
  }

  void step(double lr, bool nesterov) {
    at::NoGradGuard no_grad;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      at::Tensor& p = parameters_[i];
      const at::Tensor change = -lr * (p.grad() + kWeightDecay * p);
      velocities_[i] = kMomentum * velocities_[i] + change;
      p.add_(nesterov ? kMomentum * velocities_[i] + change : velocities_[i]);
    }
  }

  const std::vector<at::Tensor>& velocities() const { return velocities_; }

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> velocities_;
};

void expect_close(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT(at::allclose(actual.to(at::kDouble), expected.to(at::kDouble), 1e-5, 1e-6));
}

void check_against_formula(bool nesterov, Implementation implementation, bool strided) {
  Problem problem, expected;
  if (strided) problem.w = problem.w.detach().t().contiguous().t().slice(0, 0, 3).requires_grad_();
  NoisySGD sgd(problem.parameters(), options(nesterov), noise());
  sgd.implementation(implementation);
  sgd.momentum_form(MomentumForm::kKeras);
  Keras keras(expected.parameters());
  for (int64_t step = 0; step < kSteps; ++step) {
    const int64_t epoch = step / 3;
    sgd.epoch(epoch);
    sgd.param_groups()[0].options().set_lr(base_rate(epoch));
    problem.loss();
    expected.loss();
    sgd.step();
    keras.step(sgd.realised_lr(), nesterov);
    for (size_t i = 0; i < 3; ++i) {
      expect_close(problem.parameters()[i], expected.parameters()[i]);
    }
  }
  const auto& state = *sgd.state().at(problem.v.unsafeGetTensorImpl());
  expect_close(-static_cast<const torch::optim::SGDParamState&>(state).momentum_buffer(),
               keras.velocities()[2]);
}

}  // namespace

TEST(keras_momentum_is_its_formula_where_the_rate_changes) {
  for (const bool nesterov : {false, true}) {
    for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
      check_against_formula(nesterov, implementation, /*strided=*/false);
      check_against_formula(nesterov, implementation, /*strided=*/true);
    }
  }
}

TEST(atens_operations_have_keras_momentum) {
  for (const bool nesterov : {false, true}) {
    Problem problem, expected;
    const SGDOptions own = options(nesterov);
    Bucket<SGDOptions> bucket{
        .group = 0, .options = &own, .device = at::kCPU, .type = at::kFloat, .first = true};
    for (const at::Tensor& p : problem.parameters()) {
      bucket.parameters.push_back(p);
      bucket.buffers[0].push_back(at::zeros_like(p));
    }
    Keras keras(expected.parameters());
    for (int step = 0; step < kSteps; ++step) {
      problem.loss();
      expected.loss();
      bucket.gradients.clear();
      for (const at::Tensor& p : problem.parameters()) bucket.gradients.push_back(p.grad());
      const double lr = 0.03 * base_rate(step);
      at::NoGradGuard no_grad;
      if (step % 2 == 0) {
        aten_keras_step(bucket, lr);
      } else {
        aten_keras_step(bucket, at::scalar_tensor(lr));
      }
      at::AutoGradMode with_gradients(true);
      keras.step(lr, nesterov);
    }
    for (size_t i = 0; i < 3; ++i) {
      expect_close(problem.parameters()[i], expected.parameters()[i]);
    }
  }
}

TEST(both_forms_are_equal_while_the_rate_is_constant) {
  Problem torch_problem, keras_problem;
  NoisySGD torch_form(torch_problem.parameters(), options(true));
  NoisySGD keras_form(keras_problem.parameters(), options(true));
  keras_form.momentum_form(MomentumForm::kKeras);
  train(torch_form, torch_problem, kSteps);
  train(keras_form, keras_problem, kSteps);
  EXPECT(!(torch_problem == keras_problem));  // rounding
  expect_close(torch_problem.w, keras_problem.w);
}

TEST(the_form_is_set_before_the_first_step_and_archived) {
  Problem problem;
  NoisySGD sgd(problem.parameters(), options(false));
  sgd.momentum_form(MomentumForm::kKeras);
  train(sgd, problem, 1);
  EXPECT_THROWS(std::logic_error, sgd.momentum_form(MomentumForm::kTorch),
                "the form of the momentum must be set before the first step");
  EXPECT(sgd.momentum_form() == MomentumForm::kKeras);

  auto archive = archived(sgd);
  NoisySGD torch_form(problem.parameters(), options(false));
  EXPECT_THROWS(std::invalid_argument, torch_form.load(archive),
                "the archive has keras momentum, but the optimizer has torch");
  auto torch_archive = archived(torch_form);
  EXPECT_THROWS(std::invalid_argument, sgd.load(torch_archive),
                "the archive has torch momentum, but the optimizer has keras");
  NoisySGD keras_form(problem.parameters(), options(false));
  keras_form.momentum_form(MomentumForm::kKeras);
  keras_form.load(archive);
  EXPECT_EQ(keras_form.state().size(), size_t{3});
}

}  // namespace momentum_form_test
