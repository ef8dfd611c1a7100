package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;

/**
 * Something random around each step of any optimizer, a noisy one too: call {@link #step()} here
 * instead of on the optimizer.
 *
 * <p>What a step draws is a function of the seed, the number of the step and the number of the
 * parameter: Philox of these three seeds a generator of the parameter's device. LibTorch's own
 * generators are left as they are.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public abstract sealed class Perturbation extends Around
    permits GradientNoise, Langevin, PerturbedDescent, Alrao {
  static {
    NativeLibrary.load(Perturbation.class);
  }

  Perturbation(Optimizer optimizer) {
    super(optimizer);
  }

  /** The number of steps done, the counter of what is drawn. */
  public final long steps() {
    try (Guard.Use use = use()) {
      return nativeSteps();
    }
  }

  /**
   * Sets the number of steps done, for a run that goes on from a checkpoint.
   *
   * @param steps at least 0
   */
  public final void steps(long steps) {
    Check.atLeast("steps", steps, 0);
    try (Guard.Use use = use()) {
      nativeSteps(steps);
    }
  }

  @Name("step")
  @Override
  native void nativeStep();

  @Name("step")
  @Override
  native @ByVal Tensor nativeStep(@ByVal Closure closure);

  @Function
  @Name("steps")
  @Cast("int64_t")
  private native long nativeSteps();

  @Function
  @Name("steps")
  private native void nativeSteps(@Cast("int64_t") long steps);
}
