/// @file
/// One optimizer step over a range of one parameter, as LibTorch's CPU operations compute it.
///
/// kernels.cpp is compiled once for each instruction set, so this header must stay free of inline
/// functions: the linker would keep one copy, maybe of an instruction set that the machine lacks.
#pragma once

#include <cstdint>

namespace noisylr::kernels {

/// The values of one parameter, all float or all double, in the same order.
struct Operands {
  void* parameter;
  const void* gradient;
  void* state[3];  ///< in the order that the rule states; null if it has fewer
  bool is_double;
};

// g is the gradient, p the parameter; every operation is rounded as in torch::optim.

/// d = g + weight_decay·p; b = d at first, then momentum·b + (1 − dampening)·d; p −= lr·u with
/// u = d without momentum, d + momentum·b with Nesterov's, else b. With the rate in the buffer,
/// d = lr·(g + weight_decay·p) and p −= u. State: b.
struct Sgd {
  double lr;
  double weight_decay;
  double momentum;
  double dampening;
  bool nesterov;
  bool lr_in_buffer;  ///< with momentum only
  bool first;         ///< b has no value yet: it is written, not read
};

/// p *= 1 − lr·weight_decay if decoupled, else g += weight_decay·p; m = beta1·m + (1 − beta1)·g;
/// v = beta2·v + (1 − beta2)·g²; p −= step_size·m / (√v / correction + eps); with amsgrad, the
/// greatest v so far replaces v. State: m, v, greatest v.
struct Adam {
  double lr;
  double weight_decay;
  double beta1;
  double beta2;
  double eps;
  double step_size;   ///< lr / (1 − beta1^t)
  double correction;  ///< √(1 − beta2^t)
  bool decoupled;
  bool amsgrad;
};

/// g += weight_decay·p; s += g²; p −= lr·g / (√s + eps), lr decayed. State: s.
struct Adagrad {
  double lr;
  double weight_decay;
  double eps;
};

/// g += weight_decay·p; s = alpha·s + (1 − alpha)·g²; if centered, a = alpha·a + (1 − alpha)·g;
/// r = √(s − a²) + eps; with momentum, b = momentum·b + g / r and p −= lr·b, else p −= lr·g / r.
/// State: s, b, a.
struct RmsProp {
  double lr;
  double weight_decay;
  double alpha;
  double eps;
  double momentum;
  bool centered;
};

/// Applies the rule to elements begin … end − 1.
template <class Rule>
using Kernel = void (*)(const Rule& rule, const Operands& operands, int64_t begin, int64_t end);

struct Kernels {
  Kernel<Sgd> sgd;
  Kernel<Adam> adam;
  Kernel<Adagrad> adagrad;
  Kernel<RmsProp> rmsprop;
};

extern const Kernels baseline;
#ifdef __x86_64__
extern const Kernels avx2;
extern const Kernels avx512;
#endif

}  // namespace noisylr::kernels
