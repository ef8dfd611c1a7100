#include "noisylr/noisy.h"

#include <ATen/core/grad_mode.h>

#include <stdexcept>
#include <utility>

#include "check.h"
#include "groups.h"
#include "noisylr/l4.h"
#include "step_plan.h"

namespace noisylr {

using torch::optim::Optimizer;
using torch::optim::OptimizerParamGroup;

FusedOptimizer::~FusedOptimizer() = default;

template <class Base>
Noisy<Base>::Noisy(std::vector<at::Tensor> parameters, Options options, const NoiseSpec& noise)
    : Noisy(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(parameters))},
            std::move(options), noise) {}

template <class Base>
Noisy<Base>::Noisy(const std::vector<OptimizerParamGroup>& groups, Options options,
                   const NoiseSpec& noise)
    : Base((check_own_options<Options>(groups), groups), std::move(options)),
      FusedOptimizer(noise) {
  this->param_groups_.reserve(kGroupCapacity);
  track_parameters();
}

template <class Base>
Noisy<Base>::~Noisy() = default;

template <class Base>
at::Tensor Noisy<Base>::step(LossClosure closure) {
  return noisy_step(*this, std::move(closure), [this](LossClosure on_base_rates) {
    return implementation() == Implementation::kFused ? fused_step(std::move(on_base_rates))
                                                      : stock_step(std::move(on_base_rates));
  });
}

template <class Base>
at::Tensor Noisy<Base>::fused_step(LossClosure closure) {
  at::NoGradGuard no_grad;
  at::Tensor loss;
  if (closure) {
    at::AutoGradMode with_gradients(true);
    loss = closure();
  }
  if (!plan_) plan_ = std::make_unique<StepPlan<Base>>();
  plan_->step(
      *this, lr_tensors(), [this] { track_parameters(); },
      [this] {
        prepare_stock_step();
        Base::step(nullptr);
      });
  return loss;
}

template <class Base>
at::Tensor Noisy<Base>::stock_step(LossClosure closure) {
  const auto prepare = [this] {
    tracked_.update_if_changed(*this);
    prepare_stock_step();
  };
  if (!closure) {
    prepare();
    return Base::step(nullptr);
  }
  return Base::step([&prepare, &closure] {
    at::Tensor loss = closure();
    prepare();
    return loss;
  });
}

template <class Base>
void Noisy<Base>::prepare_stock_step() {
  auto& groups = this->param_groups();
  check_options<Options>(groups);
  if constexpr (std::is_same_v<Base, torch::optim::Adagrad>) {
    // LibTorch creates it in the constructor only.
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const at::Tensor& p : groups[g].params()) {
        if (!gradient_of(p).defined()) continue;
        const auto found = this->state().find(p.unsafeGetTensorImpl());
        if (found != this->state().end() && found->second) continue;
        // Created first, so that an exception leaves no null state behind.
        auto created = make_state<Base>(*this, p, options_of<Options>(groups, g));
        this->state()[p.unsafeGetTensorImpl()] = std::move(created);
      }
    }
  }
}

template <class Base>
void Noisy<Base>::save(torch::serialize::OutputArchive& archive) const {
  check_options<Options>(this->param_groups());
  Base::save(archive);
  save_noise(archive);
}

template <class Base>
void Noisy<Base>::load(torch::serialize::InputArchive& archive) {
  load_noise(*this, archive, [](Optimizer& optimizer, torch::serialize::InputArchive& base) {
    auto& self = static_cast<Noisy&>(optimizer);
    load_or_leave<Options>(self, base, [&] { self.Base::load(base); });
    self.track_parameters();
  });
}

template <class Base>
int64_t Noisy<Base>::recording() {
  const bool is_possible = plan_ && implementation() == Implementation::kFused && lr_tensors();
  return is_possible ? plan_->recording(*this) : 0;
}

template <class Base>
void Noisy<Base>::record(const LossClosure& closure, at::Tensor& loss) {
  {
    at::AutoGradMode with_gradients(true);
    loss = closure().detach();
  }
  at::NoGradGuard no_grad;
  if (recording() == 0 || !plan_->record(*this)) {
    throw std::logic_error("the closure replaced parameters, state or options of a recorded step");
  }
}

template <class Base>
bool Noisy<Base>::replay(int64_t recording, c10::function_ref<void()> launch) {
  if (this->recording() != recording) return false;
  at::NoGradGuard no_grad;
  noisy_step(*this, nullptr, [this, launch](const LossClosure&) {
    plan_->replay(launch);
    return at::Tensor();
  });
  return true;
}

template <class Base>
size_t Noisy<Base>::fallback_count() const noexcept {
  return plan_ && implementation() == Implementation::kFused ? plan_->fallback_count() : 0;
}

template <class Base>
void Noisy<Base>::close() {
  const StepGuard::Scope closing(step_guard_, "close()");
  plan_.reset();
  release_tensors(*this);
}

template <class Base>
void Noisy<Base>::track_parameters() {
  tracked_.update(*this);
}

FusedOptimizer& fused_optimizer(Optimizer& optimizer) {
  if (auto* noisy = dynamic_cast<FusedOptimizer*>(&optimizer)) return *noisy;
  reject("the optimizer must be a noisylr::Noisy optimizer");
}

void close(Optimizer& optimizer) {
  if (auto* l4 = dynamic_cast<L4*>(&optimizer)) return l4->close();
  fused_optimizer(optimizer).close();
}

template class Noisy<torch::optim::SGD>;
template class Noisy<torch::optim::Adam>;
template class Noisy<torch::optim::AdamW>;
template class Noisy<torch::optim::Adagrad>;
template class Noisy<torch::optim::RMSprop>;

}  // namespace noisylr
