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

namespace {

constexpr const char* kKerasMomentum = "noisylr_keras_momentum";

/// SGD's step with Keras' momentum, of all that the groups hold.
void keras_step(torch::optim::SGD& optimizer) {
  auto& groups = optimizer.param_groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& o = options_of<torch::optim::SGDOptions>(groups, g);
    for (at::Tensor& p : groups[g].params()) {
      if (!gradient_of(p).defined()) continue;
      at::Tensor d = gradient_of(p);
      if (o.weight_decay() != 0) d = d.add(p, o.weight_decay());
      d = d.mul(o.lr());
      if (o.momentum() != 0) {
        auto& state = optimizer.state()[p.unsafeGetTensorImpl()];
        if (!state) state = make_state(optimizer, p, o);
        at::Tensor& buffer = static_cast<torch::optim::SGDParamState&>(*state).momentum_buffer();
        buffer.mul_(o.momentum()).add_(d, 1 - o.dampening());
        d = o.nesterov() ? d.add(buffer, o.momentum()) : buffer;
      }
      p.sub_(d);
    }
  }
}

}  // namespace

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
    at::NoGradGuard no_grad;
    at::Tensor loss;
    if (on_base_rates) {
      at::AutoGradMode with_gradients(true);
      loss = on_base_rates();
    }
    if (implementation() == Implementation::kFused) {
      fused_step();
    } else {
      tracked_.update_if_changed(*this);
      stock_step();
    }
    return loss;
  });
}

template <class Base>
void Noisy<Base>::fused_step() {
  if (!plan_) plan_ = std::make_unique<StepPlan<Base>>();
  plan_->momentum_form(momentum_form_);
  plan_->step(
      *this, lr_tensors(), [this] { track_parameters(); }, [this] { stock_step(); });
}

template <class Base>
void Noisy<Base>::stock_step() {
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
  if constexpr (std::is_same_v<Base, torch::optim::SGD>) {
    if (momentum_form_ == MomentumForm::kKeras) return keras_step(*this);
  }
  Base::step(nullptr);
}

template <class Base>
void Noisy<Base>::momentum_form(
    MomentumForm form) requires std::is_same_v<Base, torch::optim::SGD> {
  if (form != momentum_form_ && !this->state().empty()) {
    throw std::logic_error("the form of the momentum must be set before the first step");
  }
  momentum_form_ = form;
}

template <class Base>
void Noisy<Base>::save(torch::serialize::OutputArchive& archive) const {
  check_options<Options>(this->param_groups());
  Base::save(archive);
  if (momentum_form_ == MomentumForm::kKeras) archive.write(kKerasMomentum, c10::IValue(true));
  save_noise(archive);
}

template <class Base>
void Noisy<Base>::load(torch::serialize::InputArchive& archive) {
  load_noise(*this, archive, [](Optimizer& optimizer, torch::serialize::InputArchive& base) {
    auto& self = static_cast<Noisy&>(optimizer);
    c10::IValue is_keras;
    if (base.try_read(kKerasMomentum, is_keras) != (self.momentum_form_ == MomentumForm::kKeras)) {
      reject("the archive has ", is_keras.isNone() ? "torch" : "keras",
             " momentum, but the optimizer has ", is_keras.isNone() ? "keras" : "torch");
    }
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
