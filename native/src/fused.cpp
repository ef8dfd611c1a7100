#include "noisylr/fused.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
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
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <type_traits>

#include "check.h"
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
  at::_fused_adagrad_(b.parameters, b.gradients, b.buffers[0], b.steps, lr, o.lr_decay(),
                      o.weight_decay(), o.eps(), /*maximize=*/false);
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
  static constexpr auto kKernel = &kernels::Kernels::sgd;
};

template <>
struct Algorithm<Adam> {
  using State = AdamParamState;
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<AdamW> {
  using State = AdamWParamState;
  static constexpr auto kKernel = &kernels::Kernels::adam;
};

template <>
struct Algorithm<Adagrad> {
  using State = AdagradParamState;
  static constexpr auto kKernel = &kernels::Kernels::adagrad;
};

template <>
struct Algorithm<RMSprop> {
  using State = RMSpropParamState;
  static constexpr auto kKernel = &kernels::Kernels::rmsprop;
};

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

/// Finds parameters that share memory with others, whose steps must follow each other.
class Sharing {
 public:
  /// Must be called once for each parameter of a step, in order.
  /// @return whether nothing has moved since the last call of find()
  bool known(size_t index, const at::Tensor& parameter) const {
    return index < extents_.size() && extents_[index] == Extent(parameter);
  }

  void find(const std::vector<OptimizerParamGroup>& groups) {
    extents_.clear();
    for (const auto& group : groups) {
      for (const at::Tensor& p : group.params()) extents_.emplace_back(p);
    }
    std::vector<size_t> order(extents_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return extents_[a].begin < extents_[b].begin; });
    shared_.assign(extents_.size(), false);
    size_t farthest = 0;  // of those that begin earlier, the one that ends last
    for (size_t i = 0; i < order.size(); ++i) {
      const Extent& extent = extents_[order[i]];
      if (extent.bytes == 0) continue;
      if (i > 0 && extents_[farthest].end() > extent.begin) {
        shared_[farthest] = shared_[order[i]] = true;
      }
      if (i == 0 || extent.end() > extents_[farthest].end()) farthest = order[i];
    }
  }

  bool is_shared(size_t index) const { return shared_[index]; }

  size_t size() const { return extents_.size(); }

 private:
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
    bool operator==(const Extent&) const = default;
  };

  std::vector<Extent> extents_;
  std::vector<bool> shared_;
};

/// One range of elements after another, as if they were one.
template <class Rule>
struct Task {
  Rule rule;
  kernels::Operands operands;
  int64_t begin;
  int64_t end;
};

template <class Rule>
void run(const std::vector<Task<Rule>>& tasks, kernels::Kernel<Rule> kernel) {
  if (tasks.empty()) return;
  at::parallel_for(0, tasks.back().end, kGrain, [&](int64_t begin, int64_t end) {
    auto task = std::upper_bound(tasks.begin(), tasks.end(), begin,
                                 [](int64_t at, const Task<Rule>& t) { return at < t.end; });
    for (; task != tasks.end() && task->begin < end; ++task) {
      const auto edge = [&](int64_t at) {
        return at >= task->end ? task->end - task->begin
                               : std::max<int64_t>(at - task->begin, 0) / kAlignment * kAlignment;
      };
      kernel(task->rule, task->operands, edge(begin), edge(end));
    }
  });
}

}  // namespace

/// A step, and what is kept from one to the next.
template <class Base>
class Fused<Base>::Pass {
 public:
  void step(Fused& optimizer) {
    gather(optimizer);
    if (has_rest_) step_rest(optimizer);
    for (auto& [parameter, state] : new_states_) optimizer.state()[parameter] = std::move(state);
    step_by_kernel();
    step_by_aten(optimizer.lr_tensors());
  }

  void write_lr_tensors(const std::vector<OptimizerParamGroup>& groups) {
    for (LrTensor& lr : lr_tensors_) {
      if (lr.group < groups.size()) lr.write(groups[lr.group].options().get_lr());
    }
  }

 private:
  using State = typename Algorithm<Base>::State;
  using Rule = decltype(rule(std::declval<const Options&>(), 0));

  /// A parameter that does not need Base's step.
  struct Member {
    size_t group;
    const at::Tensor* parameter;
    const at::Tensor* gradient;
    const Options* options;
    Fields fields = {};
    bool first = false;  ///< whether it has no state yet
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

  /// Finds out what computes each parameter. Changes nothing but this object.
  void gather(Fused& optimizer) {
    auto& groups = optimizer.param_groups();
    for_kernel_.clear();
    for_aten_.clear();
    new_states_.clear();
    rest_.resize(groups.size());
    has_rest_ = false;
    find_shared(groups);
    size_t index = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      rest_[g].clear();
      const auto& options = static_cast<const Options&>(groups[g].options());
      for (const at::Tensor& p : groups[g].params()) {
        const bool shared = sharing_.is_shared(index++);
        const at::Tensor& gradient = gradient_of(p);
        if (!gradient.defined()) continue;
        if (shared ||
            !add_member(
                optimizer,
                {.group = g, .parameter = &p, .gradient = &gradient, .options = &options})) {
          rest_[g].push_back(p);
          has_rest_ = true;
        }
      }
    }
  }

  void find_shared(const std::vector<OptimizerParamGroup>& groups) {
    size_t index = 0;
    bool known = true;
    for (const auto& group : groups) {
      for (const at::Tensor& p : group.params()) known = known && sharing_.known(index++, p);
    }
    if (!known || index != sharing_.size()) sharing_.find(groups);
  }

  /// @return false if something about the parameter is special, so that Base must step it
  bool add_member(Fused& optimizer, Member member) {
    const at::Tensor& p = *member.parameter;
    const at::Tensor& gradient = *member.gradient;
    const Options& options = *member.options;
    const auto type = p.scalar_type();
    const bool has_kernel = p.device().is_cpu() && (type == at::kFloat || type == at::kDouble);
    if (!has_kernel && !has_aten_step(p)) return false;
    if (!is_plain(p) || !is_plain(gradient) || !is_alike(gradient, p) ||
        gradient.const_data_ptr() == p.const_data_ptr()) {
      return false;
    }
    if (keeps_state(options)) {
      const auto found = optimizer.state().find(p.unsafeGetTensorImpl());
      if (found != optimizer.state().end()) {
        member.fields = Fields(static_cast<State&>(*found->second), options);
        for (const at::Tensor* buffer : member.fields.buffers) {
          if (!buffer) continue;
          if (!buffer->defined() || !is_plain(*buffer) || !is_alike(*buffer, p)) return false;
        }
      } else {
        // LibTorch makes Adagrad's state in the constructor, and its step() requires it.
        if (std::is_same_v<Base, Adagrad>) return false;
        member.first = true;
        member.fields = Fields(make_state(p, options), options);
      }
    }
    (has_kernel ? for_kernel_ : for_aten_).push_back(member);
    return true;
  }

  static bool has_aten_step(const at::Tensor& p) {
    // _fused_sgd_ leaves out most elements of such tensors: pytorch issue 191763.
    if (std::is_same_v<Base, SGD> && p.device().is_cpu()) return false;
    return at::isFloatingType(p.scalar_type());
  }

  State& make_state(const at::Tensor& p, const Options& options) {
    auto state = std::make_unique<State>();
    for (at::Tensor* buffer : Fields(*state, options).buffers) {
      if (buffer) *buffer = at::zeros_like(p, at::MemoryFormat::Preserve);
    }
    State& made = *state;
    new_states_.emplace_back(p.unsafeGetTensorImpl(), std::move(state));
    return made;
  }

  /// Base's step with nothing but the rest in the groups.
  void step_rest(Fused& optimizer) {
    struct Exchange {
      std::vector<OptimizerParamGroup>& groups;
      std::vector<std::vector<at::Tensor>>& rest;

      void swap() noexcept {
        for (size_t g = 0; g < groups.size(); ++g) groups[g].params().swap(rest[g]);
      }
      ~Exchange() { swap(); }
    } exchange{optimizer.param_groups(), rest_};
    exchange.swap();
    optimizer.Base::step();
  }

  void step_by_kernel() {
    tasks_.clear();
    int64_t end = 0;
    for (size_t i = 0; i < for_kernel_.size(); ++i) {
      const Member& member = for_kernel_[i];
      const at::Tensor& p = *member.parameter;
      const int64_t step = member.fields.step ? ++*member.fields.step : 0;
      // Most parameters have options and count in common with the one before.
      if (i == 0 || for_kernel_[i - 1].options != member.options || rule_step_ != step) {
        rule_ = rule(*member.options, step);
        rule_step_ = step;
      }
      if constexpr (std::is_same_v<Rule, kernels::Sgd>) {
        rule_.first = member.first;
      } else {
        p.unsafeGetTensorImpl()->bump_version();  // as Base does
      }
      const auto memory = [&](size_t buffer) {
        const at::Tensor* tensor = member.fields.buffers[buffer];
        return tensor ? tensor->data_ptr() : nullptr;
      };
      if (p.numel() == 0) continue;
      tasks_.push_back({.rule = rule_,
                        .operands = {.parameter = p.data_ptr(),
                                     .gradient = member.gradient->const_data_ptr(),
                                     .state = {memory(0), memory(1), memory(2)},
                                     .is_double = p.scalar_type() == at::kDouble},
                        .begin = end,
                        .end = end + p.numel()});
      end += p.numel();
    }
    static const auto kernel = best_kernels().*Algorithm<Base>::kKernel;
    run(tasks_, kernel);
  }

  void step_by_aten(bool use_lr_tensors) {
    if (for_aten_.empty()) return;
    std::vector<Bucket<Options>> buckets;
    for (const Member& member : for_aten_) {
      const at::Tensor& p = *member.parameter;
      const bool first = member.first;
      auto bucket = std::find_if(buckets.begin(), buckets.end(), [&](const Bucket<Options>& b) {
        return b.group == member.group && b.device == p.device() && b.type == p.scalar_type() &&
               b.first == first;
      });
      if (bucket == buckets.end()) {
        bucket = buckets.insert(bucket, Bucket<Options>{.group = member.group,
                                                        .options = member.options,
                                                        .device = p.device(),
                                                        .type = p.scalar_type(),
                                                        .first = first});
      }
      bucket->parameters.push_back(p);
      bucket->gradients.push_back(*member.gradient);
      for (size_t i = 0; i < member.fields.buffers.size(); ++i) {
        if (member.fields.buffers[i]) bucket->buffers[i].push_back(*member.fields.buffers[i]);
      }
      if (member.fields.step) bucket->steps.push_back(step_tensor(p, *member.fields.step));
    }
    for (const Bucket<Options>& bucket : buckets) {
      if (!bucket.steps.empty()) at::_foreach_add_(bucket.steps, 1);
      if (use_lr_tensors) {
        aten_step(bucket, lr_tensor(bucket));
      } else {
        aten_step(bucket, bucket.options->lr());
      }
    }
    for (const Member& member : for_aten_) {
      if (member.fields.step) ++*member.fields.step;
    }
  }

  /// A parameter's count of steps so far as a tensor, which is expected to be increased by one.
  const at::Tensor& step_tensor(const at::Tensor& p, int64_t step) {
    StepTensor& count = step_tensors_[p.unsafeGetTensorImpl()];
    if (!count.tensor.defined() || count.tensor.device() != p.device()) {
      count.tensor = at::full({}, step, p.options().dtype(at::kFloat).requires_grad(false));
    } else if (count.written != step) {
      count.tensor.fill_(step);
    }
    count.written = step + 1;
    return count.tensor;
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

  std::vector<Member> for_kernel_;
  std::vector<Member> for_aten_;
  std::vector<std::vector<at::Tensor>> rest_;  // by group
  bool has_rest_ = false;
  std::vector<std::pair<void*, std::unique_ptr<State>>> new_states_;
  Sharing sharing_;
  std::vector<Task<Rule>> tasks_;
  Rule rule_ = {};
  int64_t rule_step_ = 0;
  std::map<void*, StepTensor> step_tensors_;
  std::vector<LrTensor> lr_tensors_;
};

template <class Base>
Fused<Base>::Fused(std::vector<at::Tensor> parameters, Options options)
    : Base(std::move(parameters), std::move(options)), pass_(std::make_unique<Pass>()) {}

template <class Base>
Fused<Base>::Fused(const std::vector<OptimizerParamGroup>& groups, Options options)
    : Base(groups, std::move(options)), pass_(std::make_unique<Pass>()) {}

template <class Base>
Fused<Base>::~Fused() = default;

template <class Base>
at::Tensor Fused<Base>::step(LossClosure closure) {
  if (implementation() == Implementation::kStock) return Base::step(std::move(closure));
  at::NoGradGuard no_grad;
  at::Tensor loss;
  if (closure) {
    at::AutoGradMode with_grad(true);
    loss = closure();
  }
  pass_->step(*this);
  return loss;
}

template <class Base>
void Fused<Base>::write_lr_tensors() {
  at::NoGradGuard no_grad;
  pass_->write_lr_tensors(this->param_groups());
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
