package org.noisylr.torch.optim;

import org.bytedeco.pytorch.Optimizer;

/**
 * What every fused optimizer answers, beside what LibTorch's do.
 *
 * <p>The formula is that of the LibTorch optimizer of the same name. What computes a parameter
 * depends on it and on its gradient and state:
 *
 * <ul>
 *   <li>float and double on a CPU, dense, all laid out alike (contiguous, channels_last): noisylr's
 *       own loops, which round as LibTorch does, so that the values are the same bit for bit;
 *   <li>half and bfloat16 on a CPU (but for SGD), and all floating-point types on CUDA, laid out
 *       alike: ATen's {@code _fused_*} operations ({@code _foreach_*} for RMSprop), which round
 *       less often;
 *   <li>everything else, such as sparse gradients, strided views, parameters that share memory or
 *       are empty, other devices: LibTorch's own step, with its results and its errors.
 * </ul>
 *
 * <p>Parameters, gradients, groups, state and options may be replaced between steps. Adagrad makes
 * the state of parameters that came after its constructor, which LibTorch's never does. Every
 * method throws IllegalStateException once the optimizer is closed.
 */
public sealed interface FusedOptimizer extends AutoCloseable
    permits FusedSGD, FusedAdam, FusedAdamW, FusedAdagrad, FusedRMSprop {

  /** How the next step is computed; {@link Implementation#FUSED} at first. */
  default Implementation implementation() {
    Optimizer optimizer = (Optimizer) this;
    try (Guard.Use use = Guard.of(optimizer).use(optimizer)) {
      return Implementation.values()[NativeLibrary.fused_step(optimizer).implementation()];
    }
  }

  /** Chooses how the steps from now on are computed. State carries over. */
  default void implementation(Implementation implementation) {
    Optimizer optimizer = (Optimizer) this;
    try (Guard.Use use = Guard.of(optimizer).use(optimizer)) {
      NativeLibrary.fused_step(optimizer).implementation(implementation.ordinal());
    }
  }

  /** Frees the native optimizer; closing again does nothing. */
  @Override
  void close();
}
