#include "noisylr/retire.h"

#include <c10/util/flat_hash_map.h>

#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "noisylr/fused.h"

namespace noisylr {
namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerOptions;

/// Takes the place of the options of a retired optimizer.
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
  [[noreturn]] static void refuse_use() { throw std::logic_error("the optimizer is closed"); }
};

void retire(OptimizerOptions& options) noexcept {
  static_assert(sizeof(RetiredOptions) == sizeof(OptimizerOptions));
  std::destroy_at(&options);
  ::new (static_cast<void*>(&options)) RetiredOptions;
}

/// Keeps an optimizer as what is meant to stay, not as a leak.
void keep(Optimizer* optimizer) noexcept try {
  static std::mutex mutex;
  static auto& kept = *new std::vector<Optimizer*>;
  const std::lock_guard lock(mutex);
  kept.push_back(optimizer);
} catch (const std::bad_alloc&) {
  // It stays all the same.
}

}  // namespace

void retire(std::unique_ptr<Optimizer> optimizer) noexcept {
  if (!optimizer) return;
  if (auto* fused = dynamic_cast<FusedStep*>(optimizer.get())) fused->forget();
  std::decay_t<decltype(optimizer->state())>().swap(optimizer->state());
  for (auto& group : optimizer->param_groups()) {
    for (at::Tensor& parameter : group.params()) parameter.reset();
    if (group.has_options()) retire(group.options());
  }
  retire(optimizer->defaults());
  keep(optimizer.release());
}

}  // namespace noisylr
