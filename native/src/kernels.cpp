// Loops that the compiler vectorises for the instruction set of this object file, which the build
// names in NOISYLR_INSTRUCTIONS.

#include "kernels.h"

#include <type_traits>

namespace noisylr::kernels {
namespace {

/// a·b + c, rounded once where LibTorch's operations do so, which is where the processor can.
template <class T>
T multiply_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  if constexpr (std::is_same_v<T, float>) {
    return __builtin_fmaf(a, b, c);
  } else {
    return __builtin_fma(a, b, c);
  }
#else
  return a * b + c;
#endif
}

template <class T>
T square_root(T x) {
  if constexpr (std::is_same_v<T, float>) {
    return __builtin_sqrtf(x);
  } else {
    return __builtin_sqrt(x);
  }
}

/// As torch::max: NaN if either is.
template <class T>
T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}

/// loop(bool_constant…) with the flags as types, so that what is not needed is not compiled in.
template <class Loop>
void with_flags(Loop loop) {
  loop();
}

template <class Loop, class... Flags>
void with_flags(Loop loop, bool flag, Flags... rest) {
  if (flag) {
    with_flags([=](auto... others) { loop(std::true_type(), others...); }, rest...);
  } else {
    with_flags([=](auto... others) { loop(std::false_type(), others...); }, rest...);
  }
}

template <class T>
void sgd(const Sgd& rule, const Operands& operands, int64_t begin, int64_t end) {
  const auto p = static_cast<T*>(operands.parameter);
  const auto g = static_cast<const T*>(operands.gradient);
  const auto b = static_cast<T*>(operands.state[0]);
  const T lr = static_cast<T>(rule.lr);
  const T minus_lr = rule.lr_in_buffer ? -1 : -lr;
  const T weight_decay = static_cast<T>(rule.weight_decay);
  const T momentum = static_cast<T>(rule.momentum);
  const T share = static_cast<T>(1 - rule.dampening);
  with_flags(
      [=](auto decays, auto has_momentum, auto is_first, auto is_nesterov, auto lr_in_buffer) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          T d = g[i];
          if constexpr (decays) d = multiply_add(p[i], weight_decay, d);
          if constexpr (has_momentum) {
            if constexpr (lr_in_buffer) d *= lr;
            T buffer = d;
            if constexpr (!is_first) buffer = multiply_add(d, share, b[i] * momentum);
            b[i] = buffer;
            d = is_nesterov ? multiply_add(buffer, momentum, d) : buffer;
          }
          p[i] = multiply_add(d, minus_lr, p[i]);
        }
      },
      rule.weight_decay != 0, rule.momentum != 0, rule.first, rule.nesterov, rule.lr_in_buffer);
}

template <class T>
void adam(const Adam& rule, const Operands& operands, int64_t begin, int64_t end) {
  const auto p = static_cast<T*>(operands.parameter);
  const auto g = static_cast<const T*>(operands.gradient);
  const auto m = static_cast<T*>(operands.state[0]);
  const auto v = static_cast<T*>(operands.state[1]);
  const auto greatest = static_cast<T*>(operands.state[2]);
  const T weight_decay = static_cast<T>(rule.weight_decay);
  const T shrinkage = static_cast<T>(1 - rule.lr * rule.weight_decay);
  const T beta1 = static_cast<T>(rule.beta1), share1 = static_cast<T>(1 - rule.beta1);
  const T beta2 = static_cast<T>(rule.beta2), share2 = static_cast<T>(1 - rule.beta2);
  const T minus_step = static_cast<T>(-rule.step_size);
  const T correction = static_cast<T>(rule.correction);
  const T eps = static_cast<T>(rule.eps);
  with_flags(
      [=](auto decays, auto is_decoupled, auto is_amsgrad) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          T x = p[i];
          T d = g[i];
          if constexpr (decays && is_decoupled) x *= shrinkage;
          if constexpr (decays && !is_decoupled) d = multiply_add(x, weight_decay, d);
          const T first = multiply_add(d, share1, m[i] * beta1);
          T second = multiply_add(share2 * d, d, v[i] * beta2);
          m[i] = first;
          v[i] = second;
          if constexpr (is_amsgrad) {
            second = maximum(second, greatest[i]);
            greatest[i] = second;
          }
          p[i] = x + minus_step * first / (square_root(second) / correction + eps);
        }
      },
      rule.weight_decay != 0, rule.decoupled, rule.amsgrad);
}

template <class T>
void adagrad(const Adagrad& rule, const Operands& operands, int64_t begin, int64_t end) {
  const auto p = static_cast<T*>(operands.parameter);
  const auto g = static_cast<const T*>(operands.gradient);
  const auto s = static_cast<T*>(operands.state[0]);
  const T minus_lr = static_cast<T>(-rule.lr);
  const T weight_decay = static_cast<T>(rule.weight_decay);
  const T eps = static_cast<T>(rule.eps);
  with_flags(
      [=](auto decays) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          T d = g[i];
          if constexpr (decays) d = multiply_add(p[i], weight_decay, d);
          const T sum = multiply_add(d, d, s[i]);
          s[i] = sum;
          p[i] += minus_lr * d / (square_root(sum) + eps);
        }
      },
      rule.weight_decay != 0);
}

template <class T>
void rmsprop(const RmsProp& rule, const Operands& operands, int64_t begin, int64_t end) {
  const auto p = static_cast<T*>(operands.parameter);
  const auto g = static_cast<const T*>(operands.gradient);
  const auto s = static_cast<T*>(operands.state[0]);
  const auto b = static_cast<T*>(operands.state[1]);
  const auto a = static_cast<T*>(operands.state[2]);
  const T minus_lr = static_cast<T>(-rule.lr);
  const T weight_decay = static_cast<T>(rule.weight_decay);
  const T alpha = static_cast<T>(rule.alpha), share = static_cast<T>(1 - rule.alpha);
  const T momentum = static_cast<T>(rule.momentum);
  const T eps = static_cast<T>(rule.eps);
  with_flags(
      [=](auto decays, auto is_centered, auto has_momentum) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          T d = g[i];
          if constexpr (decays) d = multiply_add(p[i], weight_decay, d);
          T square = multiply_add(share * d, d, s[i] * alpha);
          s[i] = square;
          if constexpr (is_centered) {
            const T average = multiply_add(d, share, a[i] * alpha);
            a[i] = average;
            square = multiply_add(-average, average, square);
          }
          const T root = square_root(square) + eps;
          if constexpr (has_momentum) {
            const T buffer = b[i] * momentum + d / root;
            b[i] = buffer;
            p[i] = multiply_add(buffer, minus_lr, p[i]);
          } else {
            p[i] += minus_lr * d / root;
          }
        }
      },
      rule.weight_decay != 0, rule.centered, rule.momentum > 0);
}

template <class Rule, Kernel<Rule> on_floats, Kernel<Rule> on_doubles>
void by_type(const Rule& rule, const Operands& operands, int64_t begin, int64_t end) {
  (operands.is_double ? on_doubles : on_floats)(rule, operands, begin, end);
}

}  // namespace

const Kernels NOISYLR_INSTRUCTIONS = {
    .sgd = by_type<Sgd, sgd<float>, sgd<double>>,
    .adam = by_type<Adam, adam<float>, adam<double>>,
    .adagrad = by_type<Adagrad, adagrad<float>, adagrad<double>>,
    .rmsprop = by_type<RmsProp, rmsprop<float>, rmsprop<double>>,
};

}  // namespace noisylr::kernels
