#include "noisylr/step_hook.h"

#include <utility>

#include "check.h"

namespace noisylr {

using torch::optim::Optimizer;

StepHook::StepHook(Optimizer& optimizer, const NoiseSpec& noise)
    : LrNoise(noise), optimizer_(optimizer) {
  const auto* own = dynamic_cast<LrNoise*>(&optimizer);
  if (own && own->noise().distribution != Distribution::kNone) {
    reject("the optimizer already has noise of its own");
  }
}

at::Tensor StepHook::step(LossClosure closure) {
  return noisy_step(optimizer_, std::move(closure), [](Optimizer& optimizer, LossClosure base) {
    return optimizer.step(std::move(base));
  });
}

void StepHook::save(torch::serialize::OutputArchive& archive) const {
  optimizer_.save(archive);
  save_noise(archive);
}

void StepHook::load(torch::serialize::InputArchive& archive) {
  load_noise(optimizer_, archive, [](Optimizer& optimizer, torch::serialize::InputArchive& base) {
    optimizer.load(base);
  });
}

}  // namespace noisylr
