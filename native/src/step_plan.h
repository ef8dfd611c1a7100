/// @file
/// The fused step of an optimizer.
#pragma once

#include <c10/util/FunctionRef.h>
#include <noisylr/noisy.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "aten_step.h"
#include "device_scalars.h"
#include "groups.h"
#include "kernel_step.h"
#include "tensor_memory.h"
#include "update_rule.h"

namespace noisylr {

/// Where the values of all parameters are, from one step to the next. Each step checks this and
/// gathers it again if something has been replaced.
template <class Base>
class StepPlan {
 public:
  /// Keras' momentum instead of LibTorch's, for the following steps.
  void momentum_form(MomentumForm form) noexcept { momentum_form_ = form; }

  /// @param prepare () called before the parameters and their state are gathered
  /// @param fallback () steps the parameters that the plan cannot step; the optimizer's groups hold
  ///     only these during the call
  template <class Prepare, class Fallback>
  void step(Base& optimizer, bool use_lr_tensors, Prepare prepare, Fallback fallback) {
    if (!is_current(optimizer)) {
      prepare();
      gather(optimizer);
    }
    is_gathered_ = false;  // until this step is complete
    if (has_fallback_) step_fallback(optimizer, fallback);
    const bool has_new_states = !new_states_.empty();
    for (auto& [parameter, state] : new_states_) optimizer.state()[parameter] = std::move(state);
    new_states_.clear();
    step_by_kernel();
    step_by_aten(use_lr_tensors);
    is_gathered_ = !has_fallback_ && !has_new_states;
  }

  size_t fallback_count() const noexcept { return fallback_count_; }

  /// What a recording of the next step depends on: a number that each gathering changes; 0 unless
  /// the step does what the one before did, all of it by ATen's operations.
  int64_t recording(Base& optimizer) {
    return is_current(optimizer, /*with_gradients=*/false) && is_by_aten() ? gatherings_ : 0;
  }

  /// The device's part of a step whose recording() is not 0. Returns false, and nothing is done, if
  /// the gradients do not fit.
  bool record(Base& optimizer) {
    if (!is_current(optimizer)) return false;
    for (Bucket<Options>& bucket : buckets_) {
      count_on_device(bucket);
      step_by_aten(bucket, scalars_.written_lr(bucket));
    }
    return true;
  }

  /// The host's part of a step, around launch(), the device's.
  void replay(c10::function_ref<void()> launch) {
    for (const Bucket<Options>& bucket : buckets_) scalars_.lr(bucket);
    launch();
    for (const Bucket<Options>& bucket : buckets_) {
      scalars_.counted(bucket);
      count_on_host(bucket);
    }
  }

 private:
  using Options = typename OptionsOf<Base>::type;
  using State = typename Algorithm<Base>::State;
  using Rule = decltype(rule(std::declval<const Options&>(), 0));

  struct Group {
    const Options* options;
    Options seen;  ///< as they were, but for the learning rate
    size_t parameters;
  };

  /// A parameter, and where its values are if the plan steps it.
  struct ParameterSlot {
    at::TensorImpl* parameter;
    State* state = nullptr;
    Fields fields = {};
    const void* memory = nullptr;
    std::array<const void*, 3> buffers = {};
    bool has_gradient = false;
    bool by_kernel = false;
    size_t index = 0;  ///< in ranges_ by kernel, else in the tensors of its bucket
    size_t owner = 0;  ///< in rule_groups_ by kernel, else in buckets_
  };

  /// Parameters with the same rule: one group, one count of steps.
  struct RuleGroup {
    size_t group;
    const Options* options;
    int64_t step;  ///< completed steps
    bool first;    ///< whether there was no state yet
  };

  /// Whether nothing was replaced since the values were gathered; takes over new gradients, or
  /// ignores them, as a replay does.
  bool is_current(Base& optimizer, bool with_gradients = true) {
    auto& groups = optimizer.param_groups();
    if (!is_gathered_ || groups.size() != groups_.size()) return false;
    auto slot = slots_.begin();
    for (size_t g = 0; g < groups.size(); ++g) {
      auto& options = options_of<Options>(groups, g);
      Group& known = groups_[g];
      known.seen.lr(options.lr());
      if (known.options != &options || known.parameters != groups[g].params().size() ||
          !(known.seen == options)) {
        return false;
      }
      for (const at::Tensor& p : groups[g].params()) {
        if (!is_current(optimizer, *slot++, p, with_gradients)) return false;
      }
    }
    return true;
  }

  bool is_current(Base& optimizer, const ParameterSlot& slot, const at::Tensor& p,
                  bool with_gradients) {
    if (p.unsafeGetTensorImpl() != slot.parameter) return false;
    const at::Tensor& gradient = gradient_of(p);
    if (!slot.has_gradient) return !with_gradients || !gradient.defined();
    if (with_gradients && (!gradient.defined() || !fits(gradient, p))) return false;
    if (p.data_ptr() != slot.memory) return false;
    if (slot.state) {
      const auto found = optimizer.state().find(slot.parameter);
      if (found == optimizer.state().end() || found->second.get() != slot.state) return false;
      for (size_t i = 0; i < slot.buffers.size(); ++i) {
        const at::Tensor* buffer = slot.fields.buffers[i];
        if (buffer && (!buffer->defined() || buffer->data_ptr() != slot.buffers[i] ||
                       !is_alike(*buffer, p))) {
          return false;
        }
      }
    }
    if (slot.by_kernel) {
      WorkRange& range = ranges_[slot.index];
      if (p.numel() != range.end - range.begin ||
          (p.scalar_type() == at::kDouble) != range.operands.is_double ||
          (slot.fields.step && *slot.fields.step != rule_groups_[slot.owner].step)) {
        return false;
      }
      range.operands.gradient = gradient.const_data_ptr();
    } else {
      auto& bucket = buckets_[slot.owner];
      if (p.scalar_type() != bucket.type || p.device() != bucket.device) return false;
      if (with_gradients) bucket.gradients[slot.index] = gradient;
    }
    return true;
  }

  /// Whether a gradient can be read as its plain parameter is.
  static bool fits(const at::Tensor& gradient, const at::Tensor& p) {
    return is_plain(gradient) && is_alike(gradient, p) && !overlap(gradient, p);
  }

  /// Decides what steps each parameter. Changes nothing but this object.
  void gather(Base& optimizer) {
    auto& groups = optimizer.param_groups();
    is_gathered_ = false;
    ++gatherings_;
    groups_.clear();
    slots_.clear();
    ranges_.clear();
    rule_groups_.clear();
    buckets_.clear();
    new_states_.clear();
    fallback_.assign(groups.size(), {});
    has_fallback_ = false;
    fallback_count_ = 0;
    const std::vector<bool> shared = find_shared(groups);
    for (size_t g = 0; g < groups.size(); ++g) {
      const auto& options = options_of<Options>(groups, g);
      groups_.push_back({&options, options, groups[g].params().size()});
      for (const at::Tensor& p : groups[g].params()) {
        ParameterSlot slot{.parameter = p.unsafeGetTensorImpl()};
        const bool is_shared = shared[slots_.size()];
        if (gradient_of(p).defined()) {
          slot.has_gradient = !is_shared && add(optimizer, g, options, p, slot);
          if (!slot.has_gradient) {
            fallback_[g].push_back(p);
            has_fallback_ = true;
            ++fallback_count_;
          }
        }
        slots_.push_back(slot);
      }
    }
    scalars_.keep(slots_);
  }

  /// @return false if only Base can step the parameter
  bool add(Base& optimizer, size_t group, const Options& options, const at::Tensor& p,
           ParameterSlot& slot) {
    const at::Tensor& gradient = gradient_of(p);
    const auto type = p.scalar_type();
    slot.by_kernel = p.device().is_cpu() && (type == at::kFloat || type == at::kDouble);
    if ((!slot.by_kernel && !has_aten_step(p)) || p.numel() == 0 || p.is_inference() ||
        !is_plain(p) || !fits(gradient, p)) {
      return false;
    }
    bool first = false;
    if (keeps_state(options)) {
      const auto found = optimizer.state().find(slot.parameter);
      if (found != optimizer.state().end() && found->second) {
        slot.state = static_cast<State*>(found->second.get());
        for (const at::Tensor* buffer : Fields(*slot.state, options).buffers) {
          if (!buffer) continue;
          if (!buffer->defined() || !is_plain(*buffer) || !is_alike(*buffer, p)) return false;
        }
      } else {
        first = true;
        auto created = make_state<Base>(optimizer, p, options);
        slot.state = created.get();
        new_states_.emplace_back(slot.parameter, std::move(created));
      }
      slot.fields = Fields(*slot.state, options);
    }
    slot.memory = p.data_ptr();
    for (size_t i = 0; i < slot.buffers.size(); ++i) {
      if (const at::Tensor* buffer = slot.fields.buffers[i]) slot.buffers[i] = buffer->data_ptr();
    }
    if (slot.by_kernel) {
      add_range(group, options, p, first, slot);
    } else {
      add_to_bucket(group, options, p, first, slot);
    }
    return true;
  }

  static bool has_aten_step(const at::Tensor& p) {
    if (p.device().is_cpu()) {
      // _fused_sgd_ skips most elements of such tensors: pytorch issue 191763.
      if (std::is_same_v<Base, torch::optim::SGD> || !at::isReducedFloatingType(p.scalar_type()))
        return false;
    } else if (!p.device().is_cuda() || !at::isFloatingType(p.scalar_type())) {
      return false;
    }
    constexpr const char* operation = Algorithm<Base>::kOperation;
    return !operation || has_kernel(operation, p.device());
  }

  void add_range(size_t group, const Options& options, const at::Tensor& p, bool first,
                 ParameterSlot& slot) {
    const int64_t step = slot.fields.step ? *slot.fields.step : 0;
    // Most parameters share group and count with the one before.
    if (rule_groups_.empty() || rule_groups_.back().group != group ||
        rule_groups_.back().step != step || rule_groups_.back().first != first) {
      rule_groups_.push_back({group, &options, step, first});
    }
    slot.owner = rule_groups_.size() - 1;
    slot.index = ranges_.size();
    const auto state = [&](size_t i) { return const_cast<void*>(slot.buffers[i]); };
    const int64_t begin = ranges_.empty() ? 0 : ranges_.back().end;
    ranges_.push_back({.rule = slot.owner,
                       .operands = {.parameter = const_cast<void*>(slot.memory),
                                    .gradient = gradient_of(p).const_data_ptr(),
                                    .state = {state(0), state(1), state(2)},
                                    .is_double = p.scalar_type() == at::kDouble},
                       .begin = begin,
                       .end = begin + p.numel()});
  }

  void add_to_bucket(size_t group, const Options& options, const at::Tensor& p, bool first,
                     ParameterSlot& slot) {
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
    slot.owner = static_cast<size_t>(bucket - buckets_.begin());
    slot.index = bucket->parameters.size();
    bucket->parameters.push_back(p);
    bucket->gradients.push_back(gradient_of(p));
    for (size_t i = 0; i < slot.fields.buffers.size(); ++i) {
      if (slot.fields.buffers[i]) bucket->buffers[i].push_back(*slot.fields.buffers[i]);
    }
    if (slot.fields.step) bucket->counts.push_back(slot.fields.step);
  }

  /// Calls fallback() while the groups hold nothing but the parameters that the plan cannot step.
  template <class Fallback>
  void step_fallback(Base& optimizer, Fallback fallback) {
    struct Exchange {
      std::vector<torch::optim::OptimizerParamGroup>& groups;
      std::vector<std::vector<at::Tensor>>& parameters;

      void swap() noexcept {
        for (size_t g = 0; g < groups.size(); ++g) groups[g].params().swap(parameters[g]);
      }
      ~Exchange() {
        swap();
        parameters.clear();
      }
    } exchange{optimizer.param_groups(), fallback_};
    exchange.swap();
    fallback();
  }

  void step_by_kernel() {
    rules_.clear();
    for (RuleGroup& group : rule_groups_) {
      rules_.push_back(rule(*group.options, ++group.step));
      if constexpr (std::is_same_v<Rule, kernels::Sgd>) {
        const bool has_momentum = rules_.back().momentum != 0;
        rules_.back().lr_in_buffer = has_momentum && momentum_form_ == MomentumForm::kKeras;
        rules_.back().first = group.first && !rules_.back().lr_in_buffer;
      }
    }
    for (const ParameterSlot& slot : slots_) {
      if (!slot.has_gradient || !slot.by_kernel) continue;
      if (slot.fields.step) ++*slot.fields.step;
      if (!std::is_same_v<Base, torch::optim::SGD>) slot.parameter->bump_version();  // as Base does
    }
    static const auto kernel = best_kernels().*Algorithm<Base>::kKernel;
    run(ranges_, rules_, kernel);
  }

  void step_by_aten(bool use_lr_tensors) {
    for (Bucket<Options>& bucket : buckets_) {
      scalars_.write_steps(bucket);
      count_on_device(bucket);
      scalars_.counted(bucket);
      if (use_lr_tensors) {
        step_by_aten(bucket, scalars_.lr(bucket));
      } else {
        step_by_aten(bucket, bucket.options->lr());
      }
      count_on_host(bucket);
    }
  }

  template <class Lr>
  void step_by_aten(Bucket<Options>& bucket, const Lr& lr) const {
    if constexpr (std::is_same_v<Base, torch::optim::SGD>) {
      momentum_form_ == MomentumForm::kKeras ? aten_keras_step(bucket, lr) : aten_step(bucket, lr);
    } else {
      aten_step(bucket, lr);
    }
    for (at::Tensor& gradient : bucket.gradients) gradient.reset();
  }

  static void count_on_device(const Bucket<Options>& bucket) {
    if (!bucket.steps.empty()) at::_foreach_add_(bucket.steps, 1);
  }

  static void count_on_host(const Bucket<Options>& bucket) {
    for (int64_t* count : bucket.counts) ++*count;
  }

  /// Whether ATen's operations, with learning rates on the device, step all parameters.
  bool is_by_aten() {
    return !buckets_.empty() && ranges_.empty() &&
           std::all_of(buckets_.begin(), buckets_.end(),
                       [this](const auto& bucket) { return scalars_.has(bucket); });
  }

  MomentumForm momentum_form_ = MomentumForm::kTorch;
  bool is_gathered_ = false;
  int64_t gatherings_ = 0;
  std::vector<Group> groups_;
  std::vector<ParameterSlot> slots_;  // one for each parameter of each group
  std::vector<WorkRange> ranges_;
  std::vector<RuleGroup> rule_groups_;
  std::vector<Rule> rules_;  // one for each of rule_groups_
  std::vector<Bucket<Options>> buckets_;
  std::vector<std::pair<void*, std::unique_ptr<State>>> new_states_;
  std::vector<std::vector<at::Tensor>> fallback_;  // by group
  bool has_fallback_ = false;
  size_t fallback_count_ = 0;
  DeviceScalars scalars_;
};

}  // namespace noisylr
