// The fused step of parameters with any layout and of parameters that only LibTorch can step.

#include <limits>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/noisy.h"
#include "stock_and_fused.h"

namespace fused_memory_test {

using namespace stock_and_fused;

// Memory layouts

TEST_EACH_OPTIMIZER(dense_parameters_of_any_layout_are_stepped) {
  at::manual_seed(3);
  const Tensors parameters = {
      leaf(at::randn({8, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast)),
      leaf(at::randn({30, 50}).t()), leaf(at::randn({4, 5, 6}).permute({1, 2, 0})),
      leaf(at::empty_strided({5, 1, 7}, {7, 1234, 1}).normal_()),
      leaf(at::empty_strided({16, 1, 3, 3}, {9, 1, 3, 1}).normal_())};
  for (const at::Tensor& p : parameters) EXPECT(p.is_non_overlapping_and_dense());
  StockAndFused<Base>(parameters).steps(kSteps);
}

TEST_EACH_OPTIMIZER(gradients_may_have_another_layout_than_parameters) {
  at::manual_seed(3);
  const auto last = at::MemoryFormat::ChannelsLast;
  StockAndFused<Base> pair({leaf(at::randn({8, 4, 3, 3}).contiguous(last)), randn({8, 4, 3, 3}),
                            randn({20, 30}), randn({20, 30}), randn({6, 6})});
  pair.grad = [&](const at::Tensor& p) {
    if (p.dim() == 4) {
      const bool is_last = p.is_contiguous(last);
      return random_grad(p).contiguous(is_last ? at::MemoryFormat::Contiguous : last);
    }
    if (p.size(0) == 6) return at::randn({6}).unsqueeze(1).expand({6, 6});
    return at::randn({30, 20}).t();
  };
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(parameters_with_gaps_are_stepped_and_the_gaps_do_not_change) {
  at::manual_seed(3);
  const at::Tensor storage = at::randn({40, 60});
  const at::Tensor before = storage.clone();
  StockAndFused<Base> pair({strided({10, 20}), randn({30})});
  pair.steps(kSteps);
  const at::Tensor view = leaf(storage.slice(1, 0, 60, 2));
  Noisy<Base> fused({view}, options<Base>());
  set_grad(view, at::ones({40, 30}));
  fused.step();
  EXPECT(at::equal(storage.slice(1, 1, 60, 2), before.slice(1, 1, 60, 2)));
  EXPECT(!at::equal(storage.slice(1, 0, 60, 2), before.slice(1, 0, 60, 2)));
}

TEST_EACH_OPTIMIZER(state_with_another_layout_is_used) {
  // As after loading an archive into a model that became channels_last since.
  at::manual_seed(3);
  StockAndFused<Base> pair({randn({8, 4, 3, 3})}, variants<Base>().back());
  pair.steps(5);
  for (Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
    at::Tensor& p = parameters->front();
    p.set_data(p.detach().contiguous(at::MemoryFormat::ChannelsLast).clone());
    EXPECT(p.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
  pair.steps(kSteps);
}

// Sparse gradients

template <class Base>
constexpr const char* kRefusal = nullptr;
template <>
constexpr const char* kRefusal<Adam> = "Adam does not support sparse gradients";
template <>
constexpr const char* kRefusal<AdamW> = "AdamW does not support sparse gradients";
template <>
constexpr const char* kRefusal<RMSprop> = "RMSprop does not support sparse gradients";

TEST_EACH_OPTIMIZER(sparse_gradients_get_the_stock_step_or_its_error) {
  at::manual_seed(3);
  auto options = typename OptionsOf<Base>::type(0.1);
  StockAndFused<Base> pair({randn({5, 3}), randn({7})}, options);
  pair.grad = [](const at::Tensor& p) { return p.dim() == 2 ? sparse_grad(p) : random_grad(p); };
  if constexpr (kRefusal<Base> == nullptr) {
    pair.steps(kSteps);
  } else {
    const at::Tensor before = pair.fused_parameters[1].detach().clone();
    pair.new_gradients();
    EXPECT_THROWS(c10::Error, pair.stock.step(), kRefusal<Base>);
    EXPECT_THROWS(c10::Error, pair.fused.step(), kRefusal<Base>);
    // Nothing has moved, and all parameters are still there.
    EXPECT(at::equal(pair.fused_parameters[1], before));
    EXPECT_EQ(pair.fused.param_groups()[0].params().size(), size_t{2});
    EXPECT(optimizer_state(pair.fused).empty());
  }
}

TEST_EACH_OPTIMIZER(a_rejected_parameter_can_be_stepped_later) {
  if constexpr (kRefusal<Base> != nullptr) {
    StockAndFused<Base> pair({randn({5, 3}), randn({7})});
    set_grad(pair.fused_parameters[0], sparse_grad(pair.fused_parameters[0]));
    set_grad(pair.fused_parameters[1], random_grad(pair.fused_parameters[1]));
    EXPECT_THROWS(c10::Error, pair.fused.step(), kRefusal<Base>);
    pair.steps(kSteps);
  }
}

// Shared memory

TEST_EACH_OPTIMIZER(a_parameter_that_appears_twice_is_stepped_twice) {
  at::manual_seed(3);
  const at::Tensor p = randn({100}), q = randn({50}), p2 = same_layout(p), q2 = same_layout(q);
  StockAndFused<Base>({p, q, p}, {p2, q2, p2}).steps(kSteps);
}

TEST_EACH_OPTIMIZER(parameters_that_overlap_are_stepped_in_order) {
  at::manual_seed(3);
  const auto views = [](const at::Tensor& all) {
    return Tensors{leaf(all.slice(0, 0, 60)), leaf(all.slice(0, 60, 100)),
                   leaf(all.slice(0, 50, 70))};
  };
  const at::Tensor a = at::randn({100}), b = a.clone();
  StockAndFused<Base> pair(views(a), views(b));
  pair.steps(kSteps);
  EXPECT(at::equal(a, b));
}

TEST_EACH_OPTIMIZER(neighbours_in_one_storage_are_stepped) {
  at::manual_seed(3);
  const auto halves = [](const at::Tensor& all) {
    return Tensors{leaf(all.slice(0, 0, 50)), leaf(all.slice(0, 50, 100))};
  };
  const at::Tensor a = at::randn({100}), b = a.clone();
  StockAndFused<Base>(halves(a), halves(b)).steps(kSteps);
  EXPECT(at::equal(a, b));
}

TEST_EACH_OPTIMIZER(a_gradient_that_is_the_parameter_is_read_before_it_is_written) {
  StockAndFused<Base> pair({randn({1000})});
  set_grad(pair.stock_parameters[0], pair.stock_parameters[0].detach());
  set_grad(pair.fused_parameters[0], pair.fused_parameters[0].detach());
  for (int i = 0; i < 10; ++i) {
    pair.stock.step();
    pair.fused.step();
    pair.expect_equal();
  }
}

TEST_EACH_OPTIMIZER(a_gradient_in_part_of_the_parameters_memory_gets_the_stock_step) {
  at::manual_seed(3);
  const at::Tensor a = at::randn({1001}), b = a.clone();
  StockAndFused<Base> pair({leaf(a.slice(0, 0, 1000))}, {leaf(b.slice(0, 0, 1000))},
                           typename OptionsOf<Base>::type(1e-2));
  set_grad(pair.stock_parameters[0], a.slice(0, 1, 1001));
  set_grad(pair.fused_parameters[0], b.slice(0, 1, 1001));
  if constexpr (std::is_same_v<Base, Adam> || std::is_same_v<Base, AdamW>) {
    pair.stock.step();
    pair.fused.step();
  } else {
    const char* message =
        "unsupported operation: some elements of the input tensor and the written-to tensor refer "
        "to a single memory location. Please clone() the tensor before performing the operation.";
    EXPECT_THROWS(c10::Error, pair.stock.step(), message);
    EXPECT_THROWS(c10::Error, pair.fused.step(), message);
  }
  EXPECT(at::equal(a, b));
}

TEST(an_empty_parameter_leaves_the_fused_step_to_the_others) {
  // The stock AdamW changes a parameter twice in a step, which its version counts; the fused, once.
  std::vector<float> memory(300, 1.0F);
  const auto at_offset = [&](int64_t offset, int64_t size) {
    return at::from_blob(memory.data() + offset, {size}).requires_grad_();
  };
  const Tensors all = {at_offset(200, 100), at_offset(150, 0), at_offset(0, 100),
                       at_offset(100, 100)};
  NoisyAdamW fused(all, AdamWOptions(0.1));
  for (int step = 1; step <= 3; ++step) {
    for (const at::Tensor& p : all) set_grad(p, random_grad(p));
    fused.step();
    for (const size_t i : {size_t{0}, size_t{2}, size_t{3}}) EXPECT_EQ(all[i]._version(), step);
  }
}

}  // namespace fused_memory_test
