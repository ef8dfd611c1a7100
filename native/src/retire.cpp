#include "noisylr/retire.h"

#include <c10/util/Type.h>
#include <c10/util/flat_hash_map.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <typeinfo>
#include <unordered_set>
#include <utility>
#include <vector>

#include "check.h"
#include "groups.h"
#include "l4_state.h"
#include "noisylr/fused.h"
#include "noisylr/l4.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamGroup;

void check_group_options(const Optimizer& optimizer, const OptimizerOptions& options) {
  const auto& own = optimizer.defaults();
  if (typeid(options) != typeid(own)) {
    refuse("the options of a parameter group must be ", c10::demangle(typeid(own).name()),
           ", but are ", c10::demangle(typeid(options).name()));
  }
  if (const auto* l4 = dynamic_cast<const L4Options*>(&options)) check_l4_options(*l4);
}

constexpr char kOptimizer[] = "the optimizer is closed";
constexpr char kGroup[] = "the parameter group was removed from its optimizer";

/// Takes the place of the options of what is retired.
template <const char* kReason>
class RetiredOptions final : public OptimizerOptions {
 public:
  std::unique_ptr<OptimizerOptions> clone() const override { refuse_use(); }
  void serialize(torch::serialize::InputArchive&) override { refuse_use(); }
  void serialize(torch::serialize::OutputArchive&) const override { refuse_use(); }
  double get_lr() const override { refuse_use(); }
  void set_lr(const double) override { refuse_use(); }

  /// The memory is that of other options, whose size is not this one's.
  static void operator delete(void* memory) { ::operator delete(memory); }

 private:
  [[noreturn]] static void refuse_use() { throw std::logic_error(kReason); }
};

template <const char* kReason>
void retire(OptimizerOptions& options) noexcept {
  static_assert(sizeof(RetiredOptions<kReason>) == sizeof(OptimizerOptions));
  std::destroy_at(&options);
  ::new (static_cast<void*>(&options)) RetiredOptions<kReason>;
}

template <const char* kReason>
void retire(OptimizerParamGroup& group) noexcept {
  for (at::Tensor& parameter : group.params()) parameter.reset();
  if (group.has_options()) retire<kReason>(group.options());
}

/// Keeps what others may refer to as what is meant to stay, not as a leak.
template <class Kept>
void keep(Kept* object) noexcept try {
  static std::mutex mutex;
  static auto& kept = *new std::vector<Kept*>;
  const std::lock_guard lock(mutex);
  kept.push_back(object);
} catch (const std::bad_alloc&) {
  // It stays all the same.
}

template <class Options>
bool assign(OptimizerOptions& to, const OptimizerOptions& from) {
  auto* target = dynamic_cast<Options*>(&to);
  const auto* source = dynamic_cast<const Options*>(&from);
  if (target && source) *target = *source;
  return target && source;
}

}  // namespace

void check_group(const Optimizer& optimizer, const OptimizerParamGroup& group) {
  if (group.has_options()) check_group_options(optimizer, group.options());
}

void set_options(Optimizer& optimizer, size_t group, const OptimizerOptions& options) {
  using namespace torch::optim;
  check_group_options(optimizer, options);
  OptimizerParamGroup& target = optimizer.param_groups().at(group);
  if (!target.has_options()) {
    target.set_options(options.clone());
    return;
  }
  OptimizerOptions& own = target.options();
  if (!(assign<SGDOptions>(own, options) || assign<AdamOptions>(own, options) ||
        assign<AdamWOptions>(own, options) || assign<AdagradOptions>(own, options) ||
        assign<RMSpropOptions>(own, options) || assign<L4Options>(own, options))) {
    refuse("options of class ", c10::demangle(typeid(own).name()), " cannot be assigned");
  }
}

void reserve_groups(Optimizer& optimizer, size_t count) {
  auto& groups = optimizer.param_groups();
  if (count <= groups.capacity()) return;
  std::vector<OptimizerParamGroup> larger;
  larger.reserve(std::max(count, 2 * groups.capacity()));
  auto former = std::make_unique<std::vector<OptimizerParamGroup>>();
  std::move(groups.begin(), groups.end(), std::back_inserter(larger));
  groups.swap(larger);
  former->swap(larger);
  keep(former.release());
}

void retire_groups(Optimizer& optimizer, size_t first, size_t last) noexcept {
  auto& groups = optimizer.param_groups();
  for (size_t g = first; g < std::min(last, groups.size()); ++g) {
    retire<kGroup>(groups[g]);
    std::vector<at::Tensor>().swap(groups[g].params());
    keep(new OptimizerParamGroup(std::move(groups[g])));
  }
}

void forget_removed(Optimizer& optimizer) {
  std::unordered_set<const void*> present;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      present.insert(parameter.unsafeGetTensorImpl());
    }
  }
  erase_states(optimizer.state(),
               [&](const auto& state) { return !present.contains(state.first); });
}

void retire(std::unique_ptr<Optimizer> optimizer) noexcept {
  if (!optimizer) return;
  if (auto* fused = dynamic_cast<FusedStep*>(optimizer.get())) fused->forget();
  std::decay_t<decltype(optimizer->state())>().swap(optimizer->state());
  for (auto& group : optimizer->param_groups()) retire<kOptimizer>(group);
  retire<kOptimizer>(optimizer->defaults());
  keep(optimizer.release());
}

}  // namespace noisylr
