#include <ATen/ATen.h>
#include <noisylr/noisy.h>
#include <noisylr/state.h>

#include <cstdio>

int main() {
  const at::Tensor p = at::zeros({1}).requires_grad_();
  noisylr::NoiseSpec noise = noisylr::NoiseSpec::uniform(8);
  noise.seed = 42;
  noisylr::NoisySGD optimizer({p}, torch::optim::SGDOptions(0.1).momentum(0.9), noise);
  p.mutable_grad() = at::ones({1});
  optimizer.epoch(7);
  optimizer.step();
  const double expected = 0.1 * noisylr::factor(noise, 7, 0, 0);
  std::printf("learning rate %.17g, momentum buffers %zu\n", optimizer.realised_lr(),
              noisylr::optimizer_state(optimizer).size());
  return optimizer.realised_lr() == expected && noisylr::optimizer_state(optimizer).size() == 1 ? 0
                                                                                                : 1;
}
