// Each fused optimizer beside the stock one, over the same parameters and gradients.

#include <ATen/Parallel.h>
#include <torch/optim/schedulers/step_lr.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/noisy.h"
#include "noisylr/state.h"
#include "problem.h"

using namespace noisylr;
using namespace torch::optim;
using Tensors = std::vector<at::Tensor>;

namespace {

/// 200, or what NOISYLR_TEST_STEPS says.
const int kSteps = [] {
  const char* steps = std::getenv("NOISYLR_TEST_STEPS");
  return steps ? std::stoi(steps) : 200;
}();

at::Tensor leaf(const at::Tensor& values) { return values.detach().requires_grad_(); }

at::Tensor randn(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
  return leaf(at::randn(sizes).to(type));
}

/// A copy with the same strides.
at::Tensor same_layout(const at::Tensor& t) {
  at::Tensor copy = at::empty_strided(t.sizes(), t.strides(), t.options());
  copy.copy_(t.detach());
  return leaf(copy);
}

void set_grad(const at::Tensor& p, const at::Tensor& grad) { p.mutable_grad() = grad; }

/// A random gradient laid out as the parameter is.
at::Tensor random_grad(const at::Tensor& p) { return at::randn_like(p).detach(); }

double greatest(const at::Tensor& t) { return t.abs().max().item<double>(); }

/// The greatest difference.
double error(const at::Tensor& actual, const at::Tensor& exact) {
  return greatest(actual.detach().to(at::kDouble) - exact.detach());
}

/// Whether strides are the same where they matter.
bool same_strides(const at::Tensor& a, const at::Tensor& b) {
  for (int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  }
  return a.sizes() == b.sizes();
}

/// Options that use each branch of a step.
template <class Base>
std::vector<typename OptionsOf<Base>::type> variants();

template <>
std::vector<SGDOptions> variants<SGD>() {
  return {SGDOptions(0.1),
          SGDOptions(0.1).weight_decay(1e-3),
          SGDOptions(0.1).momentum(0.9),
          SGDOptions(0.1).momentum(0.9).dampening(0.3).weight_decay(1e-3),
          SGDOptions(0.1).momentum(0.9).nesterov(true),
          SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(1e-3)};
}

template <class Options>
std::vector<Options> adam_variants() {
  return {Options(1e-2).weight_decay(0), Options(1e-2).weight_decay(1e-2),
          Options(1e-2).amsgrad(true).weight_decay(0),
          Options(1e-2).amsgrad(true).weight_decay(1e-2).betas({0.8, 0.95}).eps(1e-4)};
}

template <>
std::vector<AdamOptions> variants<Adam>() {
  return adam_variants<AdamOptions>();
}

template <>
std::vector<AdamWOptions> variants<AdamW>() {
  return adam_variants<AdamWOptions>();
}

template <>
std::vector<AdagradOptions> variants<Adagrad>() {
  return {AdagradOptions(1e-2), AdagradOptions(1e-2).weight_decay(1e-2),
          AdagradOptions(1e-2).lr_decay(1e-2).initial_accumulator_value(0.1).eps(1e-3)};
}

template <>
std::vector<RMSpropOptions> variants<RMSprop>() {
  return {RMSpropOptions(1e-3), RMSpropOptions(1e-3).weight_decay(1e-2),
          RMSpropOptions(1e-3).momentum(0.9), RMSpropOptions(1e-3).centered(true),
          RMSpropOptions(1e-3).centered(true).momentum(0.9).weight_decay(1e-2).alpha(0.9)};
}

Tensors copies(const Tensors& tensors) {
  Tensors all;
  for (const at::Tensor& t : tensors) all.push_back(same_layout(t));
  return all;
}

/// The stock and the fused optimizer over equal parameters, with the same gradients.
template <class Base>
struct Pair {
  using Options = typename OptionsOf<Base>::type;

  Tensors stock_parameters, fused_parameters;
  Base stock;
  Noisy<Base> fused;
  /// Makes the gradient of a parameter; undefined for none.
  std::function<at::Tensor(const at::Tensor&)> grad = random_grad;

  explicit Pair(const Tensors& parameters, const Options& options = ::options<Base>())
      : Pair(parameters, copies(parameters), options) {}

  Pair(const Tensors& for_stock, const Tensors& for_fused,
       const Options& options = ::options<Base>())
      : stock_parameters(for_stock),
        fused_parameters(for_fused),
        stock(for_stock, options),
        fused(for_fused, options) {}

  /// One group for each of the options, with copies of the parameters.
  Pair(const Tensors& parameters, const std::vector<Options>& groups)
      : stock(split(parameters, groups, stock_parameters), groups.front()),
        fused(split(parameters, groups, fused_parameters), groups.front()) {}

  static std::vector<OptimizerParamGroup> split(const Tensors& parameters,
                                                const std::vector<Options>& groups, Tensors& all) {
    std::vector<OptimizerParamGroup> made;
    for (const Options& options : groups) {
      const Tensors own = copies(parameters);
      all.insert(all.end(), own.begin(), own.end());
      made.emplace_back(own, std::make_unique<Options>(options));
    }
    return made;
  }

  void new_gradients() {
    for (size_t i = 0; i < stock_parameters.size(); ++i) {
      const at::Tensor g = grad(stock_parameters[i]);
      set_grad(stock_parameters[i], g);
      set_grad(fused_parameters[i], g);
    }
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      new_gradients();
      stock.step();
      fused.step();
      if (i < 3) expect_equal();
    }
    expect_equal();
  }

  /// All parameters and all state, bit for bit.
  void expect_equal() {
    for (size_t i = 0; i < stock_parameters.size(); ++i) {
      EXPECT(at::equal(fused_parameters[i], stock_parameters[i]));
    }
    const auto expected = optimizer_state(stock), actual = optimizer_state(fused);
    EXPECT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_EQ(actual[i].first, expected[i].first);
      EXPECT(actual[i].second.scalar_type() == expected[i].second.scalar_type());
      EXPECT(same_strides(actual[i].second, expected[i].second));
      EXPECT(at::equal(actual[i].second, expected[i].second));
    }
  }
};

/// Sizes around those of vectors and of the ranges that threads take.
Tensors many_sizes(at::ScalarType type = at::kFloat) {
  at::manual_seed(3);
  Tensors all;
  for (const int64_t size :
       {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 20011, 32769}) {
    all.push_back(randn({size}, type));
  }
  return all;
}

/// A gradient that is sparse: one row of the parameter.
at::Tensor sparse_grad(const at::Tensor& p) {
  return at::sparse_coo_tensor(at::ones({1, 1}, at::kLong), at::ones_like(p.slice(0, 0, 1)),
                               p.sizes());
}

/// A parameter with gaps in its memory: every other column.
at::Tensor strided(at::IntArrayRef sizes) {
  std::vector<int64_t> wide = sizes.vec();
  wide.back() *= 2;
  return leaf(at::randn(wide).slice(-1, 0, wide.back(), 2));
}

}  // namespace

// Values

TEST_EACH_OPTIMIZER(floats_equal_the_stock_step_bit_for_bit) {
  for (const auto& options : variants<Base>()) Pair<Base>(many_sizes(), options).steps(kSteps);
}

TEST_EACH_OPTIMIZER(doubles_equal_the_stock_step_bit_for_bit) {
  for (const auto& options : variants<Base>()) {
    Pair<Base>(many_sizes(at::kDouble), options).steps(kSteps);
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
      Pair<Base> pair({p}, options);
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
      Pair<Base> pair({leaf(p)}, options);
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
  Pair<Base> pair({randn({}), randn({0}), randn({4, 0, 3}), randn({2})});
  pair.steps(20);
}

TEST_EACH_OPTIMIZER(ten_thousand_small_tensors_are_stepped) {
  at::manual_seed(3);
  Tensors parameters;
  for (int i = 0; i < 10000; ++i) parameters.push_back(randn({i % 13}));
  Pair<Base>(parameters).steps(3);
}

TEST_EACH_OPTIMIZER(any_number_of_threads_gives_the_same_values) {
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3, 4, 7}) {
    at::set_num_threads(threads);
    at::manual_seed(3);
    Pair<Base>({randn({200003}), randn({63}), randn({65536}), randn({1}), randn({70001})}).steps(2);
  }
  at::set_num_threads(before);
}

// Groups and gradients

TEST_EACH_OPTIMIZER(groups_have_options_and_parameters_types_of_their_own) {
  at::manual_seed(3);
  Pair<Base> pair({randn({100}), randn({50}, at::kDouble), randn({7, 3}),
                   randn({9000}, at::kDouble), strided({3, 4})},
                  variants<Base>());
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(reduced_types_do_not_disturb_others_of_the_group) {
  at::manual_seed(3);
  const Tensors parameters = {randn({90}), randn({90}, at::kHalf), randn({90}, at::kDouble),
                              randn({90}, at::kBFloat16)};
  Pair<Base> pair(parameters);
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
  Pair<Base> pair({randn({5}), randn({6}), randn({7})});
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
  Pair<Base> pair(many_sizes());
  int count = 0;
  pair.grad = [&](const at::Tensor& p) { return ++count % 3 ? random_grad(p) : at::Tensor(); };
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(a_step_without_parameters_or_gradients_does_nothing) {
  Noisy<Base> none(Tensors{}, options<Base>());
  EXPECT(!none.step().defined());
  Pair<Base> pair({randn({5})});
  pair.grad = [](const at::Tensor&) { return at::Tensor(); };
  pair.steps(3);
}

TEST_EACH_OPTIMIZER(gradients_changed_in_place_are_read_again) {
  Pair<Base> pair({randn({500})});
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

// Memory layouts

TEST_EACH_OPTIMIZER(dense_parameters_of_any_layout_are_stepped) {
  at::manual_seed(3);
  const Tensors parameters = {
      leaf(at::randn({8, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast)),
      leaf(at::randn({30, 50}).t()), leaf(at::randn({4, 5, 6}).permute({1, 2, 0})),
      leaf(at::empty_strided({5, 1, 7}, {7, 1234, 1}).normal_()),
      leaf(at::empty_strided({16, 1, 3, 3}, {9, 1, 3, 1}).normal_())};
  for (const at::Tensor& p : parameters) EXPECT(p.is_non_overlapping_and_dense());
  Pair<Base>(parameters).steps(kSteps);
}

TEST_EACH_OPTIMIZER(gradients_may_have_another_layout_than_parameters) {
  at::manual_seed(3);
  const auto last = at::MemoryFormat::ChannelsLast;
  Pair<Base> pair({leaf(at::randn({8, 4, 3, 3}).contiguous(last)), randn({8, 4, 3, 3}),
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
  Pair<Base> pair({strided({10, 20}), randn({30})});
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
  Pair<Base> pair({randn({8, 4, 3, 3})}, variants<Base>().back());
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
  Pair<Base> pair({randn({5, 3}), randn({7})}, options);
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
    Pair<Base> pair({randn({5, 3}), randn({7})});
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
  Pair<Base>({p, q, p}, {p2, q2, p2}).steps(kSteps);
}

TEST_EACH_OPTIMIZER(parameters_that_overlap_are_stepped_in_order) {
  at::manual_seed(3);
  const auto views = [](const at::Tensor& all) {
    return Tensors{leaf(all.slice(0, 0, 60)), leaf(all.slice(0, 60, 100)),
                   leaf(all.slice(0, 50, 70))};
  };
  const at::Tensor a = at::randn({100}), b = a.clone();
  Pair<Base> pair(views(a), views(b));
  pair.steps(kSteps);
  EXPECT(at::equal(a, b));
}

TEST_EACH_OPTIMIZER(neighbours_in_one_storage_are_stepped) {
  at::manual_seed(3);
  const auto halves = [](const at::Tensor& all) {
    return Tensors{leaf(all.slice(0, 0, 50)), leaf(all.slice(0, 50, 100))};
  };
  const at::Tensor a = at::randn({100}), b = a.clone();
  Pair<Base>(halves(a), halves(b)).steps(kSteps);
  EXPECT(at::equal(a, b));
}

TEST_EACH_OPTIMIZER(a_gradient_that_is_the_parameter_is_read_before_it_is_written) {
  Pair<Base> pair({randn({1000})});
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
  Pair<Base> pair({leaf(a.slice(0, 0, 1000))}, {leaf(b.slice(0, 0, 1000))},
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

// What changes between steps

TEST_EACH_OPTIMIZER(memory_in_another_order_is_detected) {
  // The parameter keeps its address, and its gradient keeps its order or not.
  at::manual_seed(3);
  for (const bool gradient_too : {false, true}) {
    Pair<Base> pair({randn({6, 6}), randn({9})});
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
  Pair<SGD> pair({randn({100})}, SGDOptions(0.1));
  pair.steps(3);
  for (Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
    at::Tensor& p = parameters->front();
    p.mutable_grad().reset();
    p.set_data(p.detach().to(at::kDouble));
  }
  pair.steps(20);
}

TEST_EACH_OPTIMIZER(a_loaded_archive_is_detected) {
  Pair<Base> pair(many_sizes());
  pair.steps(3);
  auto stock_archive = archived(pair.stock), fused_archive = archived(pair.fused);
  pair.steps(4);
  pair.stock.load(stock_archive);
  pair.fused.load(fused_archive);
  pair.steps(5);
}

TEST_EACH_OPTIMIZER(replaced_state_is_detected) {
  Pair<Base> pair({randn({100}), randn({200})});
  pair.steps(3);
  for (Optimizer* optimizer :
       {static_cast<Optimizer*>(&pair.stock), static_cast<Optimizer*>(&pair.fused)}) {
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
  Pair<Adam> pair({randn({100}), randn({200})});
  pair.steps(3);
  for (Optimizer* optimizer :
       {static_cast<Optimizer*>(&pair.stock), static_cast<Optimizer*>(&pair.fused)}) {
    void* key = optimizer->param_groups()[0].params()[1].unsafeGetTensorImpl();
    static_cast<AdamParamState&>(*optimizer->state()[key]).step(1000);
  }
  pair.steps(5);
}

TEST_EACH_OPTIMIZER(replaced_memory_is_detected) {
  at::manual_seed(3);
  Pair<Base> pair({randn({100}), randn({200})});
  pair.steps(5);
  const at::Tensor fresh = at::randn({100});
  pair.stock_parameters[0].set_data(fresh.clone());
  pair.fused_parameters[0].set_data(fresh.clone());
  pair.steps(kSteps);
}

TEST_EACH_OPTIMIZER(memory_that_becomes_shared_is_detected) {
  at::manual_seed(3);
  Pair<Base> pair({randn({100}), randn({100})});
  pair.steps(5);
  for (const Tensors* parameters : {&pair.stock_parameters, &pair.fused_parameters}) {
    (*parameters)[1].set_data((*parameters)[0].detach());
  }
  pair.steps(kSteps);
}

/// Makes the state that the stock Adagrad makes in its constructor alone, and then requires.
void begin(Optimizer& stock, const at::Tensor& p) {
  if (!dynamic_cast<Adagrad*>(&stock)) return;
  const auto& options = static_cast<const AdagradOptions&>(stock.defaults());
  auto state = std::make_unique<AdagradParamState>();
  state->sum(at::full_like(p.detach(), options.initial_accumulator_value()));
  stock.state()[p.unsafeGetTensorImpl()] = std::move(state);
}

TEST_EACH_OPTIMIZER(added_and_replaced_parameters_are_detected) {
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    for (const auto& options : variants<Base>()) {
      at::manual_seed(3);
      Pair<Base> pair({randn({100}), randn({200})}, options);
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
    Pair<Base> pair({randn({100}), randn({200})});
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
  Pair<Base> pair({randn({1000})});
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
  Pair<SGD> pair({randn({1000})}, SGDOptions(0.1));
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
  Pair<Adam> pair({randn({10})}, AdamOptions(0.1));
  pair.steps(3);
  pair.new_gradients();
  EXPECT_THROWS(c10::Error, late(pair.stock), "");
  EXPECT_THROWS(c10::Error, late(pair.fused), "");
}

// The rest of the optimizer

TEST_EACH_OPTIMIZER(the_first_step_can_be_fused_or_stock) {
  for (const bool fused_first : {true, false}) {
    Pair<Base> pair(many_sizes());
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
          if (!dynamic_cast<NoisyOptimizer*>(&optimizer)) begin(optimizer, problem.v);
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
  Pair<Base> pair({randn({100})});
  pair.steps(3);
  EXPECT_THROWS(std::runtime_error,
                pair.fused.step([]() -> at::Tensor { throw std::runtime_error("no loss"); }),
                "no loss");
  pair.expect_equal();
  pair.steps(3);
}

TEST_EACH_OPTIMIZER(versions_count_as_with_the_stock_step) {
  Pair<Base> pair({randn({10}), randn({20})});
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
  EXPECT(&noisy_optimizer(fused) == static_cast<LrNoise*>(&fused));
  auto archive = archived(fused);
  stock.load(archive);
  EXPECT_EQ(stock.steps(), kSteps);
  EXPECT_THROWS(std::invalid_argument, StepHook(fused, spec), "the optimizer");
}

TEST_EACH_OPTIMIZER(libtorch_schedulers_set_the_rate) {
  Pair<Base> pair({randn({100})});
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
    by_tensor.write_lr_tensors({by_tensor.param_groups()[0].options().get_lr()});
    set_grad(p, random_grad(p));
    set_grad(q, p.grad().clone());
    by_number.step();
    by_tensor.step();
  }
  EXPECT(error(q, p.to(at::kDouble)) <= 0.01 * greatest(p));
  EXPECT_THROWS(std::invalid_argument, by_tensor.write_lr_tensors({0.1, 0.2}),
                "lrs must have one learning rate for each of the 1 groups, but has 2");
}

TEST_EACH_OPTIMIZER(noisy_optimizer_finds_only_noisy_optimizers) {
  Problem problem;
  Noisy<Base> noisy(problem.parameters(), options<Base>(), NoiseSpec::none());
  noisy_optimizer(noisy).implementation(Implementation::kStock);
  EXPECT(noisy.implementation() == Implementation::kStock);
  Base plain(problem.parameters(), options<Base>());
  EXPECT_THROWS(std::invalid_argument, noisy_optimizer(plain),
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
