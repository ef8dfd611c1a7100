#include <noisylr/noisy.h>
#include <noisylr/state.h>
#include <torch/nn/modules/linear.h>

#include <cstdio>

int main() {
  const int64_t batches = 5;
  torch::nn::Linear net(2, 1);
  noisylr::NoiseSpec noise = noisylr::NoiseSpec::uniform(8);
  noise.steps_per_epoch = batches;  // or call optimizer.epoch(e) in each epoch
  noisylr::NoisySGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9),
                              noise);
  for (int64_t step = 0; step < 2 * batches; ++step) {
    optimizer.zero_grad();
    net->forward(torch::ones({4, 2})).sum().backward();
    optimizer.step();
  }
  const double expected = 0.1 * noisylr::factor(noise, 1, 0, 0);
  const size_t buffers = noisylr::optimizer_state(optimizer).size();
  std::printf("learning rate %.17g, momentum buffers %zu\n", optimizer.realised_lr(), buffers);
  return optimizer.realised_lr() == expected && buffers == 2 ? 0 : 1;
}
