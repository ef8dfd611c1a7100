// Times optimizer steps over the parameters of a model: LibTorch's own, with noise, fused, and
// fused with noise, in alternating order.
//
//   steps time DEVICE MILLISECONDS
//   steps soak DEVICE MODEL OPTIMIZER STEPS
//
// MODEL is resnet20, resnet50 or wrn16-8. OPTIMIZER is sgd, adam, adamw, adagrad or rmsprop.
//
// `time` answers each line of input with a line. "shapes MODEL": the shape of each parameter, as
// 16x3x3x3. "prepare MODEL OPTIMIZER": "ready". "round": the microseconds of a step of each variant
// of the prepared optimizer, measured over at least MILLISECONDS. `soak` makes noisy fused steps
// with new gradients. It waits for a line of input after a tenth of the steps and at the end, so
// that another program can read its memory.

#include <ATen/ATen.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "noisylr/noisy.h"
#include "program.h"

namespace {

using namespace noisylr;
using torch::optim::Optimizer;

using Shape = std::vector<int64_t>;
using Tensors = std::vector<at::Tensor>;

constexpr double kLr = 1e-3;
constexpr int kWarmUp = 20;
const NoiseSpec kNoise = [] {
  NoiseSpec noise = NoiseSpec::uniform(8);
  noise.steps_per_epoch = 391;
  return noise;
}();

/// A convolution without bias and a batch norm of its outputs.
void convolution(std::vector<Shape>& shapes, int64_t in, int64_t out, int64_t kernel) {
  shapes.push_back({out, in, kernel, kernel});
  shapes.push_back({out});
  shapes.push_back({out});
}

void dense(std::vector<Shape>& shapes, int64_t in, int64_t out) {
  shapes.push_back({out, in});
  shapes.push_back({out});
}

/// He et al. 2016, section 4.2, for CIFAR-10; its shortcuts have no parameters.
std::vector<Shape> resnet20() {
  std::vector<Shape> shapes;
  convolution(shapes, 3, 16, 3);
  int64_t in = 16;
  for (const int64_t width : {16, 32, 64}) {
    for (int block = 0; block < 3; ++block, in = width) {
      convolution(shapes, in, width, 3);
      convolution(shapes, width, width, 3);
    }
  }
  dense(shapes, in, 10);
  return shapes;
}

/// He et al. 2016, table 1, 50 layers, for ImageNet.
std::vector<Shape> resnet50() {
  std::vector<Shape> shapes;
  convolution(shapes, 3, 64, 7);
  int64_t in = 64, width = 64;
  for (const int blocks : {3, 4, 6, 3}) {
    for (int block = 0; block < blocks; ++block) {
      convolution(shapes, in, width, 1);
      convolution(shapes, width, width, 3);
      convolution(shapes, width, 4 * width, 1);
      if (block == 0) convolution(shapes, in, 4 * width, 1);
      in = 4 * width;
    }
    width *= 2;
  }
  dense(shapes, in, 1000);
  return shapes;
}

/// Zagoruyko and Komodakis 2016, depth 16 and width 8, for CIFAR-10: batch norm before convolution.
std::vector<Shape> wrn16_8() {
  const auto norm = [](std::vector<Shape>& shapes, int64_t width) {
    shapes.push_back({width});
    shapes.push_back({width});
  };
  std::vector<Shape> shapes{{16, 3, 3, 3}};
  int64_t in = 16;
  for (const int64_t width : {128, 256, 512}) {
    for (int block = 0; block < 2; ++block) {
      norm(shapes, in);
      shapes.push_back({width, in, 3, 3});
      norm(shapes, width);
      shapes.push_back({width, width, 3, 3});
      if (block == 0) shapes.push_back({width, in, 1, 1});
      in = width;
    }
  }
  norm(shapes, in);
  dense(shapes, in, 10);
  return shapes;
}

struct Model {
  std::string name;
  std::vector<Shape> (*shapes)();
  int64_t values;
};

const std::array<Model, 3> kModels{Model{"resnet20", resnet20, 269'722},
                                   Model{"resnet50", resnet50, 25'557'032},
                                   Model{"wrn16-8", wrn16_8, 10'961'370}};

std::vector<Shape> shapes_of(const std::string& model) {
  for (const Model& known : kModels) {
    if (known.name != model) continue;
    const std::vector<Shape> shapes = known.shapes();
    int64_t values = 0;
    for (const Shape& shape : shapes) {
      int64_t product = 1;
      for (const int64_t size : shape) product *= size;
      values += product;
    }
    if (values != known.values) {
      throw std::logic_error(model + " has " + std::to_string(values) + " values");
    }
    return shapes;
  }
  throw std::invalid_argument("MODEL must be resnet20, resnet50 or wrn16-8, but is " + model);
}

/// Returns new parameters with gradients.
Tensors parameters_of(const std::string& model, at::Device device) {
  Tensors parameters;
  for (const Shape& shape : shapes_of(model)) {
    at::Tensor p = at::randn(shape, device);
    if (p.dim() == 4) p = p.contiguous(at::MemoryFormat::ChannelsLast);
    p = p.detach().requires_grad_();
    p.mutable_grad() = at::randn_like(p).detach();
    parameters.push_back(p);
  }
  return parameters;
}

void print_shapes(const std::string& model) {
  for (const Shape& shape : shapes_of(model)) {
    for (size_t i = 0; i < shape.size(); ++i) std::cout << (i > 0 ? "x" : "") << shape[i];
    std::cout << " ";
  }
  std::cout << std::endl;
}

/// Waits for all steps.
void synchronise(const Tensors& parameters) {
  // Reading a value waits for all steps: the device runs them in order.
  parameters.back().detach().flatten()[0].item<float>();
}

struct Stepper {
  Tensors parameters;
  std::unique_ptr<Optimizer> optimizer;

  void steps(int64_t count) {
    for (int64_t i = 0; i < count; ++i) optimizer->step();
    synchronise(parameters);
  }
};

constexpr std::array<const char*, 4> kVariants{"plain", "noisy", "fused", "noisy_fused"};

template <class Base>
std::unique_ptr<Optimizer> make(const std::string& variant, const Tensors& parameters) {
  typename OptionsOf<Base>::type options(kLr);
  if constexpr (std::is_same_v<Base, torch::optim::SGD>) options.momentum(0.9);
  if (variant == "plain") return std::make_unique<Base>(parameters, options);
  auto made = std::make_unique<Noisy<Base>>(parameters, options,
                                            variant == "fused" ? NoiseSpec::none() : kNoise);
  if (variant == "noisy") made->implementation(Implementation::kStock);
  return made;
}

using Maker = std::unique_ptr<Optimizer> (*)(const std::string&, const Tensors&);

Maker maker_of(const std::string& optimizer) {
  if (optimizer == "sgd") return make<torch::optim::SGD>;
  if (optimizer == "adam") return make<torch::optim::Adam>;
  if (optimizer == "adamw") return make<torch::optim::AdamW>;
  if (optimizer == "adagrad") return make<torch::optim::Adagrad>;
  if (optimizer == "rmsprop") return make<torch::optim::RMSprop>;
  throw std::invalid_argument("OPTIMIZER must be sgd, adam, adamw, adagrad or rmsprop, but is " +
                              optimizer);
}

double microseconds(Stepper& stepper, int64_t count) {
  const auto start = std::chrono::steady_clock::now();
  stepper.steps(count);
  const std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count() / static_cast<double>(count);
}

/// Returns a number of steps that takes at least `milliseconds`.
int64_t count_for(Stepper& stepper, double milliseconds) {
  stepper.steps(kWarmUp);
  for (int64_t count = 1;; count *= 2) {
    if (microseconds(stepper, count) * static_cast<double>(count) >= 1e3 * milliseconds) {
      return count;
    }
  }
}

/// The variants of one optimizer.
class Timer {
 public:
  Timer(at::Device device, const std::string& model, const std::string& optimizer,
        double milliseconds) {
    const Maker maker = maker_of(optimizer);
    for (const char* variant : kVariants) {
      Tensors parameters = parameters_of(model, device);
      auto made = maker(variant, parameters);
      steppers_.push_back({std::move(parameters), std::move(made)});
      counts_.push_back(count_for(steppers_.back(), milliseconds));
      if (const auto* fused = dynamic_cast<FusedOptimizer*>(steppers_.back().optimizer.get())) {
        if (fused->fallback_count() > 0) {
          throw std::runtime_error("this LibTorch has no fused " + optimizer + " for the device");
        }
      }
    }
  }

  void round() {
    std::array<double, kVariants.size()> times{};
    for (size_t i = 0; i < kVariants.size(); ++i) {
      // Each round starts with another variant.
      const size_t variant = (i + rounds_) % kVariants.size();
      times[variant] = microseconds(steppers_[variant], counts_[variant]);
    }
    ++rounds_;
    for (size_t i = 0; i < kVariants.size(); ++i) {
      std::cout << (i > 0 ? " " : "") << kVariants[i] << "=" << times[i];
    }
    std::cout << std::endl;
  }

 private:
  std::vector<Stepper> steppers_;
  std::vector<int64_t> counts_;
  size_t rounds_ = 0;
};

void time(at::Device device, double milliseconds) {
  std::unique_ptr<Timer> timer;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command, model, optimizer;
    words >> command >> model >> optimizer;
    if (command == "shapes") {
      print_shapes(model);
    } else if (command == "prepare") {
      timer.reset();
      timer = std::make_unique<Timer>(device, model, optimizer, milliseconds);
      std::cout << "ready" << std::endl;
    } else if (timer && command == "round") {
      timer->round();
    } else {
      throw std::invalid_argument("unknown command: " + line);
    }
  }
}

void soak(at::Device device, const std::string& model, const std::string& optimizer,
          int64_t steps) {
  Tensors parameters = parameters_of(model, device);
  auto made = maker_of(optimizer)("noisy_fused", parameters);
  Stepper stepper{std::move(parameters), std::move(made)};
  for (const int64_t count : {steps / 10, steps - steps / 10}) {
    for (int64_t i = 0; i < count; ++i) {
      for (const at::Tensor& p : stepper.parameters) p.mutable_grad() = at::randn_like(p).detach();
      stepper.steps(1);
    }
    std::cout << "steps " << count << std::endl;
    std::string line;
    std::getline(std::cin, line);
  }
}

}  // namespace

int main(int count, char** arguments) {
  return program("steps", count, arguments, [](const std::vector<std::string>& words) {
    if (words.size() == 3 && words[0] == "time") {
      time(at::Device(words[1]), static_cast<double>(number("MILLISECONDS", words[2])));
    } else if (words.size() == 5 && words[0] == "soak") {
      soak(at::Device(words[1]), words[2], words[3], number("STEPS", words[4]));
    } else {
      throw std::invalid_argument(
          "usage: steps time DEVICE MILLISECONDS | steps soak DEVICE MODEL OPTIMIZER STEPS");
    }
  });
}
