#include "noisylr/fused.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adagrad.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <c10/core/TensorOptions.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <type_traits>

#include "check.h"
#include "groups.h"
#include "kernels.h"
#include "state_fields.h"

namespace noisylr {
namespace {

using namespace torch::optim;
using Buffers = std::array<at::Tensor*, 3>;

/// Elements below which a second thread costs more than it brings; LibTorch's own value.
constexpr int64_t kGrain = at::internal::GRAIN_SIZE;
/// Threads meet at multiples of this, so that vectors stay aligned.
constexpr int64_t kAlignment = 64;

const kernels::Kernels& best_kernels() {
#ifdef __x86_64__
  const std::string capability = at::get_cpu_capability();
  if (capability == "AVX512") return kernels::avx512;
  if (capability == "AVX2") return kernels::avx2;
#endif
  return kernels::baseline;
}

// rule(options, step): what a kernel needs, for the step-th step of a parameter, from 1.

kernels::Sgd rule(const SGDOptions& o, int64_t) {
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .momentum = o.momentum(),
          .dampening = o.dampening(),
          .nesterov = o.nesterov(),
          .first = false};
}

template <class Options>
kernels::Adam adam_rule(const Options& o, int64_t step, bool decoupled) {
  const auto [beta1, beta2] = o.betas();
  const auto t = static_cast<double>(step);
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .beta1 = beta1,
          .beta2 = beta2,
          .eps = o.eps(),
          .step_size = o.lr() / (1 - std::pow(beta1, t)),
          .correction = std::sqrt(1 - std::pow(beta2, t)),
          .decoupled = decoupled,
          .amsgrad = o.amsgrad()};
}

kernels::Adam rule(const AdamOptions& o, int64_t step) { return adam_rule(o, step, false); }

kernels::Adam rule(const AdamWOptions& o, int64_t step) { return adam_rule(o, step, true); }

kernels::Adagrad rule(const AdagradOptions& o, int64_t step) {
  return {.lr = o.lr() / (1 + static_cast<double>(step - 1) * o.lr_decay()),
          .weight_decay = o.weight_decay(),
          .eps = o.eps()};
}

kernels::RmsProp rule(const RMSpropOptions& o, int64_t) {
  return {.lr = o.lr(),
          .weight_decay = o.weight_decay(),
          .alpha = o.alpha(),
          .eps = o.eps(),
          .momentum = o.momentum(),
          .centered = o.centered()};
}

/// Parameters of one group, device and type, for ATen's operations.
template <class Options>
struct Bucket {
  size_t group;
  const Options* options;
  at::Device device;
  at::ScalarType type;
  bool first;  ///< whether SGD's momentum buffers are yet to be written
  std::vector<at::Tensor> parameters = {};
  std::vector<at::Tensor> gradients = {};
  std::array<std::vector<at::Tensor>, 3> buffers = {};
  std::vector<int64_t*> counts = {};  ///< the integers of the states
  std::vector<at::Tensor> steps = {};
};

// aten_step(bucket, lr): the step of a bucket; lr is a double or a tensor.

template <class Lr>
void aten_step(const Bucket<SGDOptions>& b, const Lr& lr) {
  const SGDOptions& o = *b.options;
  at::_fused_sgd_(b.parameters, b.gradients, b.buffers[0], o.weight_decay(), o.momentum(), lr,
                  o.dampening(), o.nesterov(), /*maximize=*/false, b.first);
}

template <class Lr>
void aten_step(const Bucket<AdamOptions>& b, const Lr& lr) {
  const AdamOptions& o = *b.options;
  at::_fused_adam_(b.parameters, b.gradients, b.buffers[0], b.buffers[1], b.buffers[2], b.steps, lr,
                   std::get<0>(o.betas()), std::get<1>(o.betas()), o.weight_decay(), o.eps(),
                   o.amsgrad(), /*maximize=*/false);
}

template <class Lr>
void aten_step(const Bucket<AdamWOptions>& b, const Lr& lr) {
  const AdamWOptions& o = *b.options;
  at::_fused_adamw_(b.parameters, b.gradients, b.buffers[0], b.buffers[1], b.buffers[2], b.steps,
                    lr, std::get<0>(o.betas()), std::get<1>(o.betas()), o.weight_decay(), o.eps(),
                    o.amsgrad(), /*maximize=*/false);
}

template <class Lr>
void aten_step(const Bucket<AdagradOptions>& b, const Lr& lr) {
  const AdagradOptions& o = *b.options;
  const auto step = [&](const auto& rate) {
    at::_fused_adagrad_(b.parameters, b.gradients, b.buffers[0], b.steps, rate, o.lr_decay(),
                        o.weight_decay(), o.eps(), /*maximize=*/false);
  };
  // Older versions of LibTorch do not take a tensor here.
  if constexpr (requires {
                  at::_fused_adagrad_(b.parameters, b.gradients, b.buffers[0], b.steps, lr, 0., 0.,
                                      0., false);
                }) {
    step(lr);
  } else {
    step(lr.template item<double>());
  }
}

template <class Lr>
void aten_step(const Bucket<RMSpropOptions>& b, const Lr& lr) {
  const RMSpropOptions& o = *b.options;
  const auto& [squares, momenta, averages] = b.buffers;
  std::vector<at::Tensor> gradients = b.gradients;
  if (o.weight_decay() != 0) {
    gradients = at::_foreach_add(gradients, b.parameters, o.weight_decay());
  }
  at::_foreach_mul_(squares, o.alpha());
  at::_foreach_addcmul_(squares, gradients, gradients, 1 - o.alpha());
  std::vector<at::Tensor> roots;
  if (o.centered()) {
    at::_foreach_mul_(averages, o.alpha());
    at::_foreach_add_(averages, gradients, 1 - o.alpha());
    roots = at::_foreach_addcmul(squares, averages, averages, -1);
    at::_foreach_sqrt_(roots);
  } else {
    roots = at::_foreach_sqrt(squares);
  }
  at::_foreach_add_(roots, o.eps());
  if (o.momentum() > 0) {
    at::_foreach_mul_(momenta, o.momentum());
    at::_foreach_addcdiv_(momenta, gradients, roots);
  }
  if constexpr (std::is_same_v<Lr, double>) {
    if (o.momentum() > 0) {
      at::_foreach_add_(b.parameters, momenta, -lr);
    } else {
      at::_foreach_addcdiv_(b.parameters, gradients, roots, -lr);
    }
  } else {
    const auto updates = o.momentum() > 0 ? momenta : at::_foreach_div(gradients, roots);
    at::_foreach_sub_(b.parameters, at::_foreach_mul(updates, lr));
  }
}

template <class Base>
struct Algorithm;

template <>
struct Algorithm<SGD> {
  using State = SGDParamState;
  static constexpr auto kOperation = "aten::_fused_sgd_";
  static constexpr auto kKernel = &kernels::Kernels::sgd;
};

template <>
struct Algorithm<Adam> {
  using State = AdamParamState;
  static constexpr auto kOperation = "aten::_fused_adam_";
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<AdamW> {
  using State = AdamWParamState;
  static constexpr auto kOperation = "aten::_fused_adamw_";
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<Adagrad> {
  using State = AdagradParamState;
  static constexpr auto kOperation = "aten::_fused_adagrad_";
  static constexpr auto kKernel = &kernels::Kernels::adagrad;
};

template <>
struct Algorithm<RMSprop> {
  using State = RMSpropParamState;
  static constexpr const char* kOperation = nullptr;  // _foreach_*, which every device has
  static constexpr auto kKernel = &kernels::Kernels::rmsprop;
};

/// Whether LibTorch has an operation for a device: not every version has each for all.
bool has_kernel(const char* operation, at::Device device) {
  const auto found = c10::Dispatcher::singleton().findSchema({operation, ""});
  return found &&
         found->hasKernelForDispatchKey(c10::computeDispatchKey(at::kFloat, at::kStrided, device));
}

template <class Options>
bool keeps_state(const Options& options) {
  if constexpr (std::is_same_v<Options, SGDOptions>) {
    return options.momentum() != 0;
  } else {
    return true;
  }
}

/// What the state of one parameter holds, in the order of its fields.
struct Fields {
  std::array<at::Tensor*, 3> buffers = {};  ///< null where the options need none
  int64_t* step = nullptr;

  Fields() = default;

  template <class State, class Options>
  Fields(State& state, const Options& options) {
    visit_fields(state, options, *this);
  }

  void operator()(const char*, at::Tensor& buffer, bool needed) {
    buffers[count_++] = needed ? &buffer : nullptr;
  }
  void operator()(const char*, int64_t& count, bool) { step = &count; }

 private:
  size_t count_ = 0;
};

/// The state of a parameter that has not been stepped.
template <class Base, class Options>
auto make_state(const Base& optimizer, const at::Tensor& p, const Options& options) {
  auto state = std::make_unique<typename Algorithm<Base>::State>();
  double initial = 0;
  if constexpr (std::is_same_v<Base, Adagrad>) {
    initial = static_cast<const Options&>(optimizer.defaults()).initial_accumulator_value();
  }
  for (at::Tensor* buffer : Fields(*state, options).buffers) {
    if (buffer) *buffer = at::full_like(p.detach(), initial, at::MemoryFormat::Preserve);
  }
  return state;
}

// Every step asks what follows of every tensor, so it is asked of the implementation: inline.

bool has_memory(const at::Tensor& t) {
  return static_cast<bool>(t.unsafeGetTensorImpl()->unsafe_storage());
}

const at::Tensor& gradient_of(const at::Tensor& parameter) {
  return std::as_const(*parameter.unsafeGetTensorImpl()).grad();
}

/// Whether the values of a tensor are just its memory, without gaps.
bool is_plain(const at::Tensor& t) {
  return t.layout() == at::kStrided && has_memory(t) && t.is_non_overlapping_and_dense() &&
         !t.is_neg() && !t.is_conj();
}

/// Whether equal places in the memory of two plain tensors are equal indices.
bool is_alike(const at::Tensor& t, const at::Tensor& parameter) {
  if (t.scalar_type() != parameter.scalar_type() || t.device() != parameter.device() ||
      t.sizes() != parameter.sizes()) {
    return false;
  }
  const auto sizes = t.sizes(), strides = t.strides(), others = parameter.strides();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (strides[i] != others[i] && sizes[i] > 1) return false;
  }
  return true;
}

/// The memory from a tensor's first element to its last.
struct Extent {
  uintptr_t begin = 0;
  size_t bytes = 0;

  explicit Extent(const at::Tensor& t) {
    if (!has_memory(t) || t.numel() == 0) return;
    begin = reinterpret_cast<uintptr_t>(t.const_data_ptr());
    int64_t last = 0;
    const auto sizes = t.sizes(), strides = t.strides();
    for (size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
    bytes = static_cast<size_t>(last + 1) * t.itemsize();
  }

  uintptr_t end() const { return begin + bytes; }
};

/// Whether two plain tensors that are alike have memory in common.
bool overlap(const at::Tensor& a, const at::Tensor& b) {
  const auto begin = reinterpret_cast<uintptr_t>(a.const_data_ptr());
  const auto other = reinterpret_cast<uintptr_t>(b.const_data_ptr());
  return (begin < other ? other - begin : begin - other) < a.nbytes();
}

/// Which parameters, counted over all groups, share memory with others, so that their steps must
/// follow each other.
std::vector<bool> find_shared(const std::vector<OptimizerParamGroup>& groups) {
  std::vector<Extent> extents;
  for (const auto& group : groups) {
    for (const at::Tensor& p : group.params()) extents.emplace_back(p);
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i].bytes > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return extents[a].begin < extents[b].begin; });
  std::vector<bool> shared(extents.size());
  size_t farthest = order.empty() ? 0 : order.front();  // of those before, the one that ends last
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t next = order[i];
    if (extents[farthest].end() > extents[next].begin) shared[farthest] = shared[next] = true;
    if (extents[next].end() > extents[farthest].end()) farthest = next;
  }
  return shared;
}

/// The elements of one parameter; those of all tasks are counted on, as if they were one range.
struct Task {
  size_t rule;
  kernels::Operands operands;
  int64_t begin;
  int64_t end;
};

template <class Rule>
void run(const std::vector<Task>& tasks, const std::vector<Rule>& rules,
         kernels::Kernel<Rule> kernel) {
  if (tasks.empty()) return;
  at::parallel_for(0, tasks.back().end, kGrain, [&](int64_t begin, int64_t end) {
    auto task = std::upper_bound(tasks.begin(), tasks.end(), begin,
                                 [](int64_t at, const Task& t) { return at < t.end; });
    for (; task != tasks.end() && task->begin < end; ++task) {
      const auto edge = [&](int64_t at) {
        return at >= task->end ? task->end - task->begin
                               : std::max<int64_t>(at - task->begin, 0) / kAlignment * kAlignment;
      };
      kernel(rules[task->rule], task->operands, edge(begin), edge(end));
    }
  });
}

}  // namespace

/// A step, and what is kept from one to the next: where everything lies. Each step looks whether
/// that is still so, and gathers it anew where something has been replaced.
template <class Base>
class Fused<Base>::Pass {
 public:
  void step(Fused& optimizer) {
    if (!is_current(optimizer)) gather(optimizer);
    is_gathered_ = false;  // until this step is through
    if (has_rest_) step_rest(optimizer);
    const bool has_new_states = !new_states_.empty();
    for (auto& [parameter, state] : new_states_) optimizer.state()[parameter] = std::move(state);
    new_states_.clear();
    step_by_kernel();
    step_by_aten(optimizer.lr_tensors());
    is_gathered_ = !has_rest_ && !has_new_states;
  }

  size_t left() const noexcept { return left_; }

  void write_lr_tensors(const std::vector<double>& lrs) {
    for (LrTensor& lr : lr_tensors_) {
      if (lr.group < lrs.size()) lr.write(lrs[lr.group]);
    }
  }

 private:
  using State = typename Algorithm<Base>::State;
  using Rule = decltype(rule(std::declval<const Options&>(), 0));

  struct Group {
    const Options* options;
    Options seen;  ///< as they were, but for the learning rate
    size_t parameters;
  };

  /// A parameter that does not need Base's step, and where its values lie.
  struct Member {
    at::TensorImpl* parameter;
    State* state = nullptr;
    Fields fields = {};
    const void* memory = nullptr;
    std::array<const void*, 3> buffers = {};
    bool has_gradient = false;
    bool by_kernel = false;
    size_t task = 0;  ///< by kernel: of tasks_; else of its bucket's tensors
    size_t part = 0;  ///< by kernel: of parts_; else of buckets_
  };

  /// Parameters whose rule is the same: one group, one count of steps.
  struct Part {
    size_t group;
    const Options* options;
    int64_t step;  ///< made so far
    bool first;    ///< whether there was no state yet
  };

  struct LrTensor {
    size_t group;
    at::Tensor tensor;
    double written;

    void write(double lr) {
      if (lr != written) tensor.fill_(lr);
      written = lr;
    }
  };

  /// The number of steps as ATen's operations read it, beside the integer in the state.
  struct StepTensor {
    at::Tensor tensor;
    int64_t written;
  };

  /// Whether everything is where it was when it was gathered; takes over new gradients.
  bool is_current(Fused& optimizer) {
    auto& groups = optimizer.param_groups();
    if (!is_gathered_ || groups.size() != groups_.size()) return false;
    auto member = members_.begin();
    for (size_t g = 0; g < groups.size(); ++g) {
      auto& options = options_of<Options>(groups, g);
      Group& known = groups_[g];
      known.seen.lr(options.lr());
      if (known.options != &options || known.parameters != groups[g].params().size() ||
          !(known.seen == options)) {
        return false;
      }
      for (const at::Tensor& p : groups[g].params()) {
        if (!is_current(optimizer, *member++, p)) return false;
      }
    }
    return true;
  }

  bool is_current(Fused& optimizer, const Member& member, const at::Tensor& p) {
    if (p.unsafeGetTensorImpl() != member.parameter) return false;
    const at::Tensor& gradient = gradient_of(p);
    if (!member.has_gradient) return !gradient.defined();
    if (!gradient.defined() || !fits(gradient, p) || p.data_ptr() != member.memory) return false;
    if (member.state) {
      const auto found = optimizer.state().find(member.parameter);
      if (found == optimizer.state().end() || found->second.get() != member.state) return false;
      for (size_t i = 0; i < member.buffers.size(); ++i) {
        const at::Tensor* buffer = member.fields.buffers[i];
        if (buffer && (!buffer->defined() || buffer->data_ptr() != member.buffers[i] ||
                       !is_alike(*buffer, p))) {
          return false;
        }
      }
    }
    if (member.by_kernel) {
      Task& task = tasks_[member.task];
      if (p.numel() != task.end - task.begin ||
          (p.scalar_type() == at::kDouble) != task.operands.is_double ||
          (member.fields.step && *member.fields.step != parts_[member.part].step)) {
        return false;
      }
      task.operands.gradient = gradient.const_data_ptr();
    } else {
      auto& bucket = buckets_[member.part];
      if (p.scalar_type() != bucket.type || p.device() != bucket.device) return false;
      bucket.gradients[member.task] = gradient;
    }
    return true;
  }

  /// Whether a gradient can be read as its plain parameter is.
  static bool fits(const at::Tensor& gradient, const at::Tensor& p) {
    return is_plain(gradient) && is_alike(gradient, p) && !overlap(gradient, p);
  }

  /// Finds out what computes each parameter. Changes nothing but this object.
  void gather(Fused& optimizer) {
    auto& groups = optimizer.param_groups();
    is_gathered_ = false;
    groups_.clear();
    members_.clear();
    tasks_.clear();
    parts_.clear();
    buckets_.clear();
    new_states_.clear();
    rest_.assign(groups.size(), {});
    has_rest_ = false;
    left_ = 0;
    const std::vector<bool> shared = find_shared(groups);
    for (size_t g = 0; g < groups.size(); ++g) {
      const auto& options = options_of<Options>(groups, g);
      groups_.push_back({&options, options, groups[g].params().size()});
      for (const at::Tensor& p : groups[g].params()) {
        Member member{.parameter = p.unsafeGetTensorImpl()};
        const bool is_shared = shared[members_.size()];
        if (gradient_of(p).defined()) {
          member.has_gradient = !is_shared && add(optimizer, g, options, p, member);
          if (!member.has_gradient) {
            rest_[g].push_back(p);
            has_rest_ = true;
            ++left_;
          }
        }
        members_.push_back(member);
      }
    }
  }

  /// @return false if something about the parameter is special, so that Base must step it
  bool add(Fused& optimizer, size_t group, const Options& options, const at::Tensor& p,
           Member& member) {
    const at::Tensor& gradient = gradient_of(p);
    const auto type = p.scalar_type();
    member.by_kernel = p.device().is_cpu() && (type == at::kFloat || type == at::kDouble);
    if ((!member.by_kernel && !has_aten_step(p)) || p.numel() == 0 || p.is_inference() ||
        !is_plain(p) || !fits(gradient, p)) {
      return false;
    }
    bool first = false;
    if (keeps_state(options)) {
      const auto found = optimizer.state().find(member.parameter);
      if (found != optimizer.state().end() && found->second) {
        member.state = static_cast<State*>(found->second.get());
        for (const at::Tensor* buffer : Fields(*member.state, options).buffers) {
          if (!buffer) continue;
          if (!buffer->defined() || !is_plain(*buffer) || !is_alike(*buffer, p)) return false;
        }
      } else {
        first = true;
        auto made = make_state<Base>(optimizer, p, options);
        member.state = made.get();
        new_states_.emplace_back(member.parameter, std::move(made));
      }
      member.fields = Fields(*member.state, options);
    }
    member.memory = p.data_ptr();
    for (size_t i = 0; i < member.buffers.size(); ++i) {
      if (const at::Tensor* buffer = member.fields.buffers[i])
        member.buffers[i] = buffer->data_ptr();
    }
    if (member.by_kernel) {
      add_task(group, options, p, first, member);
    } else {
      add_to_bucket(group, options, p, first, member);
    }
    return true;
  }

  static bool has_aten_step(const at::Tensor& p) {
    if (p.device().is_cpu()) {
      // _fused_sgd_ leaves out most elements of such tensors: pytorch issue 191763.
      if (std::is_same_v<Base, SGD> || !at::isReducedFloatingType(p.scalar_type())) return false;
    } else if (!p.device().is_cuda() || !at::isFloatingType(p.scalar_type())) {
      return false;
    }
    constexpr const char* operation = Algorithm<Base>::kOperation;
    return !operation || has_kernel(operation, p.device());
  }

  void add_task(size_t group, const Options& options, const at::Tensor& p, bool first,
                Member& member) {
    const int64_t step = member.fields.step ? *member.fields.step : 0;
    // Most parameters have group and count in common with the one before.
    if (parts_.empty() || parts_.back().group != group || parts_.back().step != step ||
        parts_.back().first != first) {
      parts_.push_back({group, &options, step, first});
    }
    member.part = parts_.size() - 1;
    member.task = tasks_.size();
    const auto state = [&](size_t i) { return const_cast<void*>(member.buffers[i]); };
    const int64_t begin = tasks_.empty() ? 0 : tasks_.back().end;
    tasks_.push_back({.rule = member.part,
                      .operands = {.parameter = const_cast<void*>(member.memory),
                                   .gradient = gradient_of(p).const_data_ptr(),
                                   .state = {state(0), state(1), state(2)},
                                   .is_double = p.scalar_type() == at::kDouble},
                      .begin = begin,
                      .end = begin + p.numel()});
  }

  void add_to_bucket(size_t group, const Options& options, const at::Tensor& p, bool first,
                     Member& member) {
    auto bucket = std::find_if(buckets_.begin(), buckets_.end(), [&](const Bucket<Options>& b) {
      return b.group == group && b.device == p.device() && b.type == p.scalar_type() &&
             b.first == first;
    });
    if (bucket == buckets_.end()) {
      bucket = buckets_.insert(bucket, Bucket<Options>{.group = group,
                                                       .options = &options,
                                                       .device = p.device(),
                                                       .type = p.scalar_type(),
                                                       .first = first});
    }
    member.part = static_cast<size_t>(bucket - buckets_.begin());
    member.task = bucket->parameters.size();
    bucket->parameters.push_back(p);
    bucket->gradients.push_back(gradient_of(p));
    for (size_t i = 0; i < member.fields.buffers.size(); ++i) {
      if (member.fields.buffers[i]) bucket->buffers[i].push_back(*member.fields.buffers[i]);
    }
    if (member.fields.step) bucket->counts.push_back(member.fields.step);
  }

  /// Base's step with nothing but the rest in the groups.
  void step_rest(Fused& optimizer) {
    struct Exchange {
      std::vector<OptimizerParamGroup>& groups;
      std::vector<std::vector<at::Tensor>>& rest;

      void swap() noexcept {
        for (size_t g = 0; g < groups.size(); ++g) groups[g].params().swap(rest[g]);
      }
      ~Exchange() {
        swap();
        rest.clear();
      }
    } exchange{optimizer.param_groups(), rest_};
    exchange.swap();
    optimizer.base_step(nullptr);
  }

  void step_by_kernel() {
    rules_.clear();
    for (Part& part : parts_) {
      rules_.push_back(rule(*part.options, ++part.step));
      if constexpr (std::is_same_v<Rule, kernels::Sgd>) rules_.back().first = part.first;
    }
    for (const Member& member : members_) {
      if (!member.has_gradient || !member.by_kernel) continue;
      if (member.fields.step) ++*member.fields.step;
      if (!std::is_same_v<Base, SGD>) member.parameter->bump_version();  // as Base does
    }
    static const auto kernel = best_kernels().*Algorithm<Base>::kKernel;
    run(tasks_, rules_, kernel);
  }

  void step_by_aten(bool use_lr_tensors) {
    for (Bucket<Options>& bucket : buckets_) {
      update_step_tensors(bucket);
      if (use_lr_tensors) {
        aten_step(bucket, lr_tensor(bucket));
      } else {
        aten_step(bucket, bucket.options->lr());
      }
      for (int64_t* count : bucket.counts) ++*count;
      for (at::Tensor& gradient : bucket.gradients) gradient.reset();
    }
  }

  /// Makes the step tensors of a bucket those of the step that is about to be made.
  void update_step_tensors(Bucket<Options>& bucket) {
    if (bucket.counts.empty()) return;
    bucket.steps.clear();
    for (size_t i = 0; i < bucket.counts.size(); ++i) {
      const at::Tensor& p = bucket.parameters[i];
      const int64_t step = *bucket.counts[i];
      StepTensor& known = step_tensors_[p.unsafeGetTensorImpl()];
      if (!known.tensor.defined() || known.tensor.device() != p.device()) {
        known.tensor = at::full({}, step, p.options().dtype(at::kFloat));
      } else if (known.written != step) {
        known.tensor.fill_(step);
      }
      known.written = step;
      bucket.steps.push_back(known.tensor);
    }
    at::_foreach_add_(bucket.steps, 1);
    for (const at::Tensor& p : bucket.parameters) ++step_tensors_[p.unsafeGetTensorImpl()].written;
  }

  const at::Tensor& lr_tensor(const Bucket<Options>& bucket) {
    const double lr = bucket.options->lr();
    for (LrTensor& known : lr_tensors_) {
      if (known.group == bucket.group && known.tensor.device() == bucket.device) {
        known.write(lr);
        return known.tensor;
      }
    }
    const auto type = at::TensorOptions(bucket.device).dtype(at::kFloat);
    return lr_tensors_.emplace_back(LrTensor{bucket.group, at::full({}, lr, type), lr}).tensor;
  }

  bool is_gathered_ = false;
  std::vector<Group> groups_;
  std::vector<Member> members_;  // one for each parameter of each group
  std::vector<Task> tasks_;
  std::vector<Part> parts_;
  std::vector<Rule> rules_;  // by part
  std::vector<Bucket<Options>> buckets_;
  std::vector<std::pair<void*, std::unique_ptr<State>>> new_states_;
  std::vector<std::vector<at::Tensor>> rest_;  // by group
  bool has_rest_ = false;
  size_t left_ = 0;
  std::map<void*, StepTensor> step_tensors_;
  std::vector<LrTensor> lr_tensors_;
};

template <class Base>
Fused<Base>::Fused(std::vector<at::Tensor> parameters, Options options)
    : Base(std::move(parameters), std::move(options)) {}

template <class Base>
Fused<Base>::Fused(const std::vector<OptimizerParamGroup>& groups, Options options)
    : Base((check_own_options<Options>(groups), groups), std::move(options)) {}

template <class Base>
Fused<Base>::~Fused() = default;

template <class Base>
at::Tensor Fused<Base>::step(LossClosure closure) {
  const Stepping::Scope stepping(stepping_);
  if (implementation() == Implementation::kStock) return base_step(std::move(closure));
  at::NoGradGuard no_grad;
  at::Tensor loss;
  if (closure) {
    at::AutoGradMode with_grad(true);
    loss = closure();
  }
  if (!pass_) pass_ = std::make_unique<Pass>();
  pass_->step(*this);
  return loss;
}

template <class Base>
void Fused<Base>::save(torch::serialize::OutputArchive& archive) const {
  check_options<Options>(this->param_groups());
  Base::save(archive);
}

template <class Base>
void Fused<Base>::load(torch::serialize::InputArchive& archive) {
  load_or_leave<Options>(*this, [&] { Base::load(archive); });
}

template <class Base>
at::Tensor Fused<Base>::base_step(LossClosure closure) {
  LossClosure prepared;
  if (closure) {
    prepared = [this, &closure] {
      at::Tensor loss = closure();
      prepare_base_step();
      return loss;
    };
  } else {
    prepare_base_step();
  }
  return Base::step(std::move(prepared));
}

template <class Base>
void Fused<Base>::prepare_base_step() {
  auto& groups = this->param_groups();
  check_options<Options>(groups);
  if constexpr (std::is_same_v<Base, Adagrad>) {
    // LibTorch makes it in the constructor alone.
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const at::Tensor& p : groups[g].params()) {
        if (!gradient_of(p).defined()) continue;
        const auto found = this->state().find(p.unsafeGetTensorImpl());
        if (found != this->state().end() && found->second) continue;
        // Made first: what throws leaves no null state behind.
        auto made = make_state<Base>(*this, p, options_of<Options>(groups, g));
        this->state()[p.unsafeGetTensorImpl()] = std::move(made);
      }
    }
  }
}

template <class Base>
void Fused<Base>::write_lr_tensors(const std::vector<double>& lrs) {
  const size_t groups = this->param_groups().size();
  if (lrs.size() != groups) {
    refuse("there must be one learning rate for each of the ", groups, " groups, but there are ",
           lrs.size());
  }
  at::NoGradGuard no_grad;
  if (pass_) pass_->write_lr_tensors(lrs);
}

template <class Base>
size_t Fused<Base>::left_to_base() const noexcept {
  return pass_ && implementation() == Implementation::kFused ? pass_->left() : 0;
}

template <class Base>
void Fused<Base>::forget() noexcept {
  pass_.reset();
}

FusedStep::~FusedStep() = default;

FusedStep& fused_step(Optimizer& optimizer) {
  if (auto* fused = dynamic_cast<FusedStep*>(&optimizer)) return *fused;
  refuse("the optimizer is not a noisylr::Fused optimizer");
}

template class Fused<SGD>;
template class Fused<Adam>;
template class Fused<AdamW>;
template class Fused<Adagrad>;
template class Fused<RMSprop>;

template class Noisy<FusedSGD>;
template class Noisy<FusedAdam>;
template class Noisy<FusedAdamW>;
template class Noisy<FusedAdagrad>;
template class Noisy<FusedRMSprop>;

}  // namespace noisylr
