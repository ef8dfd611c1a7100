// The values of the fused step, and its groups and gradients.

#include <limits>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/noisy.h"
#include "stock_and_fused.h"

namespace fused_test {

using namespace stock_and_fused;

// Values

TEST_EACH_OPTIMIZER(floats_equal_the_stock_step_bit_for_bit) {
  for (const auto& options : variants<Base>())
    StockAndFused<Base>(many_sizes(), options).steps(kSteps);
}

TEST_EACH_OPTIMIZER(doubles_equal_the_stock_step_bit_for_bit) {
  for (const auto& options : variants<Base>()) {
    StockAndFused<Base>(many_sizes(at::kDouble), options).steps(kSteps);
  }
}

TEST_EACH_OPTIMIZER(reduced_types_are_as_close_to_doubles_as_the_stock_step) {
  // Stock steps round after every operation, ATen's fused ones once, so their values differ.
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    for (auto options : variants<Base>()) {
      if constexpr (!std::is_same_v<Base, SGD>) options.eps(1e-4);  // 1e-8 is 0 as a half
      at::manual_seed(11);
      options.lr(0.1);
      const at::Tensor p = randn({1003}, type);
      const at::Tensor exact = leaf(p.to(at::kDouble));
      const at::Tensor before = exact.detach().clone();
      StockAndFused<Base> pair({p}, options);
      Base reference({exact}, options);
      for (int i = 0; i < 20; ++i) {
        pair.new_gradients();
        set_grad(exact, p.grad().to(at::kDouble));
        pair.stock.step();
        pair.fused.step();
        reference.step();
      }
      const double fused_error = error(pair.fused_parameters[0], exact);
      EXPECT(fused_error <= 1.1 * error(p, exact));
      EXPECT(fused_error < 0.2 * error(before, exact));
    }
  }
}

TEST_EACH_OPTIMIZER(special_values_equal_the_stock_step) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (const auto& options : variants<Base>()) {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const at::Tensor values = at::tensor({0.0, -0.0, 1e-42, -1e-42, 1e38, -1e38, inf, -inf, nan});
      const auto count = values.numel();
      const at::Tensor p = values.repeat_interleave(count).to(type);
      const at::Tensor g = values.repeat({count}).to(type);
      StockAndFused<Base> pair({leaf(p)}, options);
      pair.grad = [&](const at::Tensor&) { return g; };
      for (int i = 0; i < 3; ++i) {
        pair.new_gradients();
        pair.stock.step();
        pair.fused.step();
        EXPECT(at::allclose(pair.fused_parameters[0], pair.stock_parameters[0], 0, 0, true));
      }
    }
  }
}

TEST_EACH_OPTIMIZER(tensors_without_elements_or_dimensions_are_stepped) {
  StockAndFused<Base> pair({randn({}), randn({0}), randn({4, 0, 3}), randn({2})});
  pair.steps(20);
}

TEST_EACH_OPTIMIZER(two_thousand_small_tensors_are_stepped) {
  at::manual_seed(3);
  Tensors parameters;
  for (int i = 0; i < 2000; ++i) parameters.push_back(randn({i % 13}));
  StockAndFused<Base>(parameters).steps(3);
}

TEST_EACH_OPTIMIZER(any_number_of_threads_gives_the_same_values) {
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3, 4, 7}) {
    at::set_num_threads(threads);
    at::manual_seed(3);
    StockAndFused<Base>({randn({200003}), randn({63}), randn({65536}), randn({1}), randn({70001})})
        .steps(2);
  }
  at::set_num_threads(before);
}

// Groups and gradients

TEST_EACH_OPTIMIZER(groups_have_options_and_parameters_types_of_their_own) {
  at::manual_seed(3);
  StockAndFused<Base> pair({randn({100}), randn({50}, at::kDouble), randn({7, 3}),
                            randn({9000}, at::kDouble), strided({3, 4})},
                           variants<Base>());
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(reduced_types_do_not_disturb_others_of_the_group) {
  at::manual_seed(3);
  const Tensors parameters = {randn({90}), randn({90}, at::kHalf), randn({90}, at::kDouble),
                              randn({90}, at::kBFloat16)};
  StockAndFused<Base> pair(parameters);
  for (int i = 0; i < kSteps; ++i) {
    pair.new_gradients();
    pair.stock.step();
    pair.fused.step();
    for (const size_t k : {size_t{0}, size_t{2}}) {
      EXPECT(at::equal(pair.fused_parameters[k], pair.stock_parameters[k]));
    }
    // The integer step counts of all types go on alike.
    const auto expected = optimizer_state(pair.stock), actual = optimizer_state(pair.fused);
    EXPECT_EQ(actual.size(), expected.size());
    for (size_t k = 0; k < actual.size(); ++k) {
      EXPECT_EQ(actual[k].first, expected[k].first);
      EXPECT(!expected[k].first.ends_with("step") ||
             at::equal(actual[k].second, expected[k].second));
    }
  }
}

TEST_EACH_OPTIMIZER(a_parameter_without_gradient_is_not_stepped) {
  StockAndFused<Base> pair({randn({5}), randn({6}), randn({7})});
  const at::Tensor still = pair.fused_parameters[1].detach().clone();
  pair.grad = [&](const at::Tensor& p) { return p.numel() == 6 ? at::Tensor() : random_grad(p); };
  pair.steps(kSteps);
  EXPECT(at::equal(pair.fused_parameters[1], still));
  // Its first step comes later than that of the others.
  pair.grad = random_grad;
  pair.steps(kSteps);
  EXPECT(!at::equal(pair.fused_parameters[1], still));
}

TEST_EACH_OPTIMIZER(gradients_may_be_undefined_in_some_steps) {
  StockAndFused<Base> pair(many_sizes());
  int count = 0;
  pair.grad = [&](const at::Tensor& p) { return ++count % 3 ? random_grad(p) : at::Tensor(); };
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(a_step_without_parameters_or_gradients_does_nothing) {
  Noisy<Base> none(Tensors{}, options<Base>());
  EXPECT(!none.step().defined());
  StockAndFused<Base> pair({randn({5})});
  pair.grad = [](const at::Tensor&) { return at::Tensor(); };
  pair.steps(3);
}

TEST_EACH_OPTIMIZER(gradients_changed_in_place_are_read_again) {
  StockAndFused<Base> pair({randn({500})});
  pair.new_gradients();
  for (int i = 0; i < 20; ++i) {
    const at::Tensor next = random_grad(pair.stock_parameters[0]);
    pair.stock_parameters[0].mutable_grad().copy_(next);
    pair.fused_parameters[0].mutable_grad().copy_(next);
    pair.stock.step();
    pair.fused.step();
    pair.expect_equal();
  }
}

}  // namespace fused_test
