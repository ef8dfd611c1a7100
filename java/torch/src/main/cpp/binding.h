/// @file
/// Functions of optimizers of any class, for JavaCPP, which finds members only by class.
#pragma once

#include <noisylr/noisy.h>

#include <utility>

namespace noisylr {

inline void step(torch::optim::Optimizer& optimizer) { optimizer.step(); }

inline at::Tensor step(torch::optim::Optimizer& optimizer,
                       torch::optim::Optimizer::LossClosure closure) {
  return optimizer.step(std::move(closure));
}

inline Implementation implementation(torch::optim::Optimizer& optimizer) {
  return fused_optimizer(optimizer).implementation();
}

inline MomentumForm momentum_form(torch::optim::SGD& optimizer) {
  return static_cast<NoisySGD&>(optimizer).momentum_form();
}

inline void momentum_form(torch::optim::SGD& optimizer, MomentumForm form) {
  static_cast<NoisySGD&>(optimizer).momentum_form(form);
}

inline void implementation(torch::optim::Optimizer& optimizer, Implementation implementation) {
  fused_optimizer(optimizer).implementation(implementation);
}

}  // namespace noisylr
