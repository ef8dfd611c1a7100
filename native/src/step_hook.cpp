#include "noisylr/step_hook.h"

#include <utility>

#include "archive.h"
#include "check.h"

namespace noisylr {

using torch::optim::Optimizer;

StepHook::StepHook(Optimizer& optimizer, const NoiseSpec& noise)
    : LrNoise(noise), optimizer_(optimizer) {
  require_no_other_noise();
}

void StepHook::require_no_other_noise() const {
  const auto* own = dynamic_cast<const LrNoise*>(&optimizer_);
  if (own && own->noise().distribution != Distribution::kNone) {
    reject("the optimizer already has noise of its own");
  }
}

at::Tensor StepHook::step(LossClosure closure) {
  require_no_other_noise();
  return noisy_step(optimizer_, std::move(closure), [this](LossClosure on_base_rates) {
    return optimizer_.step(std::move(on_base_rates));
  });
}

void StepHook::save(torch::serialize::OutputArchive& archive) const {
  require_no_other_noise();
  optimizer_.save(archive);
  save_noise(archive);
}

void StepHook::load(torch::serialize::InputArchive& archive) {
  load_noise(optimizer_, archive, [](Optimizer& optimizer, torch::serialize::InputArchive& base) {
    check_archive(optimizer, base);
    optimizer.load(base);
    // The noise of the archive is the hook's.
    if (auto* own = dynamic_cast<LrNoise*>(&optimizer)) own->noise(NoiseSpec::none());
  });
}

}  // namespace noisylr
