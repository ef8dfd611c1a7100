// Trains ResNet-20 on random images on a device: step by step, and with captured steps.
//
//   train compare DEVICE STEPS
//   train time DEVICE MILLISECONDS
//
// `compare` prints the greatest relative difference between the losses of both. `time` prints
// "ready" and, for each line of input, a round: the microseconds of a training step of each,
// measured over at least MILLISECONDS. Images, normalization and augmentation are on the device;
// train_peer.py does the same with Python PyTorch.

#include <torch/nn/functional.h>
#include <torch/nn/modules.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "noisylr/captured_step.h"
#include "noisylr/noisy.h"
#include "program.h"

namespace {

using namespace noisylr;
namespace nn = torch::nn;
namespace F = torch::nn::functional;

constexpr int64_t kImages = 50'000, kSize = 32, kPadding = 4, kBatch = 128;

nn::Conv2d convolution(int64_t in, int64_t out, int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

struct Block : nn::Module {
  nn::Conv2d first, second;
  nn::BatchNorm2d norm1, norm2;
  int64_t stride;

  Block(int64_t in, int64_t out)
      : first(convolution(in, out, out / in)),
        second(convolution(out, out, 1)),
        norm1(out),
        norm2(out),
        stride(out / in) {
    register_module("first", first);
    register_module("norm1", norm1);
    register_module("second", second);
    register_module("norm2", norm2);
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = norm2(second(at::relu(norm1(first(x)))));
    if (stride == 1) return at::relu(y + x);
    // He et al. 2016, option A: every other pixel, and zeros for the new channels.
    at::Tensor shortcut = x.slice(2, 0, kSize, stride).slice(3, 0, kSize, stride);
    const int64_t missing = y.size(1) - x.size(1);
    return at::relu(y + at::constant_pad_nd(shortcut, {0, 0, 0, 0, missing / 2, missing / 2}));
  }
};

/// He et al. 2016, section 4.2.
struct ResNet20 : nn::Module {
  nn::Conv2d stem{convolution(3, 16, 1)};
  nn::BatchNorm2d norm{16};
  std::vector<std::shared_ptr<Block>> blocks;
  nn::Linear dense{64, 10};

  ResNet20() {
    register_module("stem", stem);
    register_module("norm", norm);
    int64_t in = 16;
    for (const int64_t width : {16, 32, 64}) {
      for (int i = 0; i < 3; ++i, in = width) {
        blocks.push_back(register_module("block" + std::to_string(blocks.size()),
                                         std::make_shared<Block>(in, width)));
      }
    }
    register_module("dense", dense);
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = at::relu(norm(stem(x)));
    for (const auto& block : blocks) y = block->forward(y);
    return dense(y.mean({2, 3}));
  }
};

/// Training images as the library's users keep them on a device: uint8 [N, 3, 32, 32].
struct Images {
  at::Tensor pixels, labels;

  explicit Images(at::Device device)
      : pixels(at::randint(256, {kImages, 3, kSize, kSize}, at::kByte).to(device)),
        labels(at::randint(10, {kImages}, at::kLong).to(device)) {}

  /// Randomly shifted and mirrored, normalised, channels last.
  at::Tensor batch(const at::Tensor& indices) const {
    const auto longs = indices.options();
    constexpr int64_t padded = kSize + 2 * kPadding;
    const at::Tensor rows =
        at::arange(kSize, longs) + at::randint(2 * kPadding + 1, {kBatch, 1}, longs);
    const at::Tensor mirrored = at::randint(2, {kBatch, 1}, longs);
    const at::Tensor x = at::arange(kSize, longs);
    const at::Tensor columns =
        x + (kSize - 1 - 2 * x) * mirrored + at::randint(2 * kPadding + 1, {kBatch, 1}, longs);
    const at::Tensor places =
        (rows.unsqueeze(2) * padded + columns.unsqueeze(1)).view({kBatch, 1, kSize * kSize});
    const at::Tensor images = at::constant_pad_nd(pixels.index_select(0, indices),
                                                  {kPadding, kPadding, kPadding, kPadding})
                                  .view({kBatch, 3, padded * padded})
                                  .gather(2, places.expand({kBatch, 3, kSize * kSize}))
                                  .view({kBatch, 3, kSize, kSize});
    return images.to(at::kFloat, false, false, at::MemoryFormat::ChannelsLast).sub_(127).div_(64);
  }
};

/// A run of training.
class Run {
 public:
  Run(at::Device device, bool is_captured) : images_(device) {
    at::manual_seed(1);
    network_.to(device);
    for (at::Tensor& p : network_.parameters()) {
      if (p.dim() == 4) p.set_data(p.contiguous(at::MemoryFormat::ChannelsLast));
    }
    NoiseSpec noise = NoiseSpec::uniform(8);
    noise.steps_per_epoch = kImages / kBatch;
    optimizer_ = std::make_unique<NoisySGD>(
        network_.parameters(), torch::optim::SGDOptions(0.01).momentum(0.9).weight_decay(1e-4),
        noise);
    optimizer_->lr_tensors(true);
    indices_ = at::empty({kBatch}, images_.labels.options());
    if (is_captured) {
      captured_ = std::make_unique<CapturedStep>(*optimizer_, [this] { return loss(); });
    }
  }

  at::Tensor step() {
    if (next_ == 0) order_ = at::randperm(kImages, indices_.options());
    indices_.copy_(order_.narrow(0, next_ * kBatch, kBatch));
    next_ = (next_ + 1) % (kImages / kBatch);
    return captured_ ? captured_->step() : optimizer_->step([this] { return loss(); });
  }

  double microseconds(int64_t count) {
    const auto start = std::chrono::steady_clock::now();
    at::Tensor last;
    for (int64_t i = 0; i < count; ++i) last = step();
    if (!std::isfinite(last.item<float>())) throw std::runtime_error("the loss is not finite");
    const std::chrono::duration<double, std::micro> elapsed =
        std::chrono::steady_clock::now() - start;
    return elapsed.count() / static_cast<double>(count);
  }

 private:
  at::Tensor loss() {
    optimizer_->zero_grad();
    at::Tensor x;
    {
      at::NoGradGuard no_grad;
      x = images_.batch(indices_);
    }
    at::Tensor loss =
        at::cross_entropy_loss(network_.forward(x), images_.labels.index_select(0, indices_));
    loss.backward();
    return loss.detach();
  }

  Images images_;
  ResNet20 network_;
  std::unique_ptr<NoisySGD> optimizer_;
  std::unique_ptr<CapturedStep> captured_;
  at::Tensor order_, indices_;
  int64_t next_ = 0;
};

void compare(at::Device device, int64_t steps) {
  // The fast algorithms of cuDNN add in another order each time.
  at::globalContext().setDeterministicCuDNN(true);
  std::vector<std::vector<double>> losses;
  for (const bool is_captured : {false, true}) {
    at::manual_seed(2);
    Run run(device, is_captured);
    std::vector<at::Tensor> kept;
    for (int64_t i = 0; i < steps; ++i) kept.push_back(run.step().clone());
    losses.emplace_back();
    for (const at::Tensor& loss : kept) {
      losses.back().push_back(loss.item<double>());
      if (!std::isfinite(losses.back().back())) throw std::runtime_error("a loss is not finite");
    }
  }
  double greatest = 0;
  for (size_t i = 0; i < losses[0].size(); ++i) {
    greatest = std::max(greatest, std::abs(losses[1][i] - losses[0][i]) / losses[0][i]);
  }
  std::cout << "steps=" << steps << " difference=" << greatest << " first=" << losses[0].front()
            << " last=" << losses[0].back() << " captured_last=" << losses[1].back() << std::endl;
}

void time(at::Device device, double milliseconds) {
  at::globalContext().setBenchmarkCuDNN(true);
  Run uncaptured(device, false), captured(device, true);
  const std::vector<std::pair<const char*, Run*>> runs{{"uncaptured", &uncaptured},
                                                       {"captured", &captured}};
  std::vector<int64_t> counts;
  for (const auto& [name, run] : runs) {
    run->microseconds(10);
    counts.push_back(1 + static_cast<int64_t>(1e3 * milliseconds / run->microseconds(10)));
  }
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    for (size_t i = 0; i < runs.size(); ++i) {
      std::cout << runs[i].first << "=" << runs[i].second->microseconds(counts[i]) << " ";
    }
    std::cout << std::endl;
  }
}

}  // namespace

int main(int count, char** arguments) {
  return program("train", count, arguments, [](const std::vector<std::string>& words) {
    if (words.size() == 3 && words[0] == "compare") {
      compare(at::Device(words[1]), number("STEPS", words[2]));
    } else if (words.size() == 3 && words[0] == "time") {
      time(at::Device(words[1]), static_cast<double>(number("MILLISECONDS", words[2])));
    } else {
      throw std::invalid_argument(
          "usage: train compare DEVICE STEPS | train time DEVICE MILLISECONDS");
    }
  });
}
