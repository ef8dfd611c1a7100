package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.pytorch.Optimizer;

/**
 * A {@link NoisyOptimizer} that is itself an optimizer and steps all parameters in one pass.
 *
 * <p>The formula is that of the LibTorch optimizer of the same name. The operations that step a
 * parameter depend on it, its gradient and its state:
 *
 * <ul>
 *   <li>float and double on a CPU, dense, with the same layout (contiguous, channels_last):
 *       noisylr's own loops, which round as LibTorch does, so that the values are equal bit for
 *       bit;
 *   <li>half and bfloat16 on a CPU (except SGD), and all floating-point types on CUDA, with the
 *       same layout: ATen's {@code _fused_*} operations ({@code _foreach_*} for RMSprop), which
 *       round less often;
 *   <li>everything else, such as sparse gradients, strided views, parameters that share memory or
 *       are empty, other devices: LibTorch's own step, with its results and its errors.
 * </ul>
 *
 * <p>Parameters, gradients, groups, state and options may be replaced between steps. Adagrad also
 * creates the state of parameters that were added after its constructor, which LibTorch's never
 * does.
 */
public sealed interface FusedOptimizer extends NoisyOptimizer
    permits NoisySGD, NoisyAdam, NoisyAdamW, NoisyAdagrad, NoisyRMSprop {

  /** How the next step is computed; {@link Implementation#FUSED} at first. */
  default Implementation implementation() {
    return Implementation.values()[NativeNoise.implementation(open((Optimizer) this))];
  }

  /** Selects how the following steps are computed. State carries over. */
  default void implementation(Implementation implementation) {
    NativeNoise.implementation(open((Optimizer) this), implementation.ordinal());
  }
}
