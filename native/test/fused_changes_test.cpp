// Parameters, state and options that are replaced between fused steps.

#include <limits>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/noisy.h"
#include "stock_and_fused.h"

namespace fused_changes_test {

using namespace stock_and_fused;

TEST_EACH_OPTIMIZER(memory_in_another_order_is_detected) {
  // The parameter keeps its address, and its gradient keeps its order or not.
  at::manual_seed(3);
  for (const bool gradient_too : {false, true}) {
    StockAndFused<Base> pair({randn({6, 6}), randn({9})});
    pair.steps(3);
    for (Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
      at::Tensor& p = parameters->front();
      const void* address = p.const_data_ptr();
      p.set_data(p.detach().t());
      EXPECT(p.const_data_ptr() == address);
    }
    pair.grad = [&](const at::Tensor& p) {
      return gradient_too || p.dim() == 1 ? random_grad(p) : at::randn(p.sizes());
    };
    pair.steps(20);
  }
}

TEST(another_type_is_detected) {
  StockAndFused<SGD> pair({randn({100})}, SGDOptions(0.1));
  pair.steps(3);
  for (Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
    at::Tensor& p = parameters->front();
    p.mutable_grad().reset();
    p.set_data(p.detach().to(at::kDouble));
  }
  pair.steps(20);
}

TEST_EACH_OPTIMIZER(a_loaded_archive_is_detected) {
  StockAndFused<Base> pair(many_sizes());
  pair.steps(3);
  auto stock_archive = archived(pair.stock), fused_archive = archived(pair.fused);
  pair.steps(4);
  pair.stock.load(stock_archive);
  pair.fused.load(fused_archive);
  pair.steps(5);
}

TEST_EACH_OPTIMIZER(replaced_state_is_detected) {
  StockAndFused<Base> pair({randn({100}), randn({200})});
  pair.steps(3);
  for (Optimizer* optimizer : pair.both()) {
    std::vector<std::string> names;
    Tensors tensors;
    optimizer_state(*optimizer, names, tensors);
    for (size_t i = 0; i < names.size(); ++i) {
      tensors[i] = names[i].ends_with("step") ? tensors[i] + 40 : tensors[i] * 2;
    }
    load_optimizer_state(*optimizer, names, tensors);
  }
  pair.steps(5);
}

TEST(an_edited_count_of_steps_is_detected) {
  StockAndFused<Adam> pair({randn({100}), randn({200})});
  pair.steps(3);
  for (Optimizer* optimizer : pair.both()) {
    void* key = optimizer->param_groups()[0].params()[1].unsafeGetTensorImpl();
    static_cast<AdamParamState&>(*optimizer->state()[key]).step(1000);
  }
  pair.steps(5);
}

TEST_EACH_OPTIMIZER(replaced_memory_is_detected) {
  at::manual_seed(3);
  StockAndFused<Base> pair({randn({100}), randn({200})});
  pair.steps(5);
  const at::Tensor fresh = at::randn({100});
  pair.stock_parameters[0].set_data(fresh.clone());
  pair.fused_parameters[0].set_data(fresh.clone());
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(memory_that_becomes_shared_is_detected) {
  at::manual_seed(3);
  StockAndFused<Base> pair({randn({100}), randn({100})});
  pair.steps(5);
  for (const Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
    (*parameters)[1].set_data((*parameters)[0].detach());
  }
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(added_and_replaced_parameters_are_detected) {
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    for (const auto& options : variants<Base>()) {
      at::manual_seed(3);
      StockAndFused<Base> pair({randn({100}), randn({200})}, options);
      pair.fused.implementation(implementation);
      pair.steps(5);
      const at::Tensor more = randn({300}), copy = same_layout(more);
      pair.stock.add_param_group(OptimizerParamGroup({more}));
      begin(pair.stock, more);
      pair.fused.add_param_group(OptimizerParamGroup({copy}));
      pair.stock_parameters.push_back(more);
      pair.fused_parameters.push_back(copy);
      pair.steps(20);
      const at::Tensor other = randn({50}), other_copy = same_layout(other);
      pair.stock.param_groups()[0].params()[0] = pair.stock_parameters[0] = other;
      begin(pair.stock, other);
      pair.fused.param_groups()[0].params()[0] = pair.fused_parameters[0] = other_copy;
      pair.steps(20);
      pair.stock.param_groups()[0].params().pop_back();
      pair.fused.param_groups()[0].params().pop_back();
      pair.steps(20);
    }
  }
}

TEST_EACH_OPTIMIZER(erased_state_starts_again) {
  for (const bool leaves_null : {false, true}) {
    StockAndFused<Base> pair({randn({100}), randn({200})});
    pair.steps(5);
    pair.stock.state().erase(pair.stock_parameters[0].unsafeGetTensorImpl());
    begin(pair.stock, pair.stock_parameters[0]);
    const auto dropped = pair.fused.state().find(pair.fused_parameters[0].unsafeGetTensorImpl());
    if (dropped != pair.fused.state().end()) {
      if (leaves_null) {
        dropped->second.reset();
      } else {
        pair.fused.state().erase(dropped);
      }
    }
    pair.steps(kSteps);
  }
}

TEST(a_failed_first_step_leaves_no_state) {
  at::Tensor sparse = at::eye(3).to_sparse().requires_grad_();
  sparse.mutable_grad() = at::eye(3).to_sparse();
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    NoisyAdagrad optimizer({randn({100})}, AdagradOptions(0.1));
    optimizer.implementation(implementation);
    optimizer.add_param_group(OptimizerParamGroup({sparse}));
    EXPECT_THROWS(c10::Error, optimizer.step(), "");
    EXPECT_EQ(optimizer.state().size(), 1u);
    archived(optimizer);
  }
}

TEST_EACH_OPTIMIZER(changed_options_apply_from_the_next_step) {
  StockAndFused<Base> pair({randn({1000})});
  using Options = typename OptionsOf<Base>::type;
  for (int i = 0; i < 20; ++i) {
    for (auto* group : {&pair.stock.param_groups()[0], &pair.fused.param_groups()[0]}) {
      auto& options = static_cast<Options&>(group->options());
      options.lr(options.lr() * 0.9);
      options.weight_decay(0.01 * (i % 3));
    }
    pair.steps(1);
  }
}

TEST(momentum_switched_on_and_off) {
  StockAndFused<SGD> pair({randn({1000})}, SGDOptions(0.1));
  for (const double momentum : {0.0, 0.9, 0.0, 0.5, 0.9}) {
    static_cast<SGDOptions&>(pair.stock.param_groups()[0].options()).momentum(momentum);
    static_cast<SGDOptions&>(pair.fused.param_groups()[0].options()).momentum(momentum);
    pair.steps(10);
  }
}

TEST(buffers_that_options_require_too_late_get_the_stock_error) {
  const auto late = [](Optimizer& optimizer) {
    static_cast<AdamOptions&>(optimizer.param_groups()[0].options()).amsgrad(true);
    optimizer.step();
  };
  StockAndFused<Adam> pair({randn({10})}, AdamOptions(0.1));
  pair.steps(3);
  pair.new_gradients();
  EXPECT_THROWS(c10::Error, late(pair.stock), "");
  EXPECT_THROWS(c10::Error, late(pair.fused), "");
}

}  // namespace fused_changes_test
