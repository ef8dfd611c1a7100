package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.internal.LossCallback;
import org.noisylr.torch.internal.NativeLibrary;
import org.noisylr.torch.optim.OptimizerWrapper;

/**
 * A random change of each step of any optimizer, noisy or not: call {@link #step()} here instead of
 * on the optimizer.
 *
 * <p>The draws of a step are a function of the seed, the number of the step and the number of the
 * parameter: Philox of these three seeds a generator of the parameter's device. LibTorch's own
 * generators do not change.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public abstract sealed class Perturbation extends OptimizerWrapper
    permits GradientNoise, Langevin, PerturbedDescent, Alrao {
  Perturbation(Optimizer optimizer) {
    super(optimizer);
  }

  /** The number of completed steps, the counter of the draws. */
  @Function
  @Cast("int64_t")
  public final native long steps();

  /**
   * Sets the number of completed steps, for a run that resumes from a checkpoint.
   *
   * @param steps at least 0
   * @throws RuntimeException if it is negative
   */
  @Function
  public final native void steps(@Cast("int64_t") long steps);

  @Name("step")
  @Override
  protected native void nativeStep();

  @Name("step")
  @Override
  protected native @ByVal Tensor nativeStep(@ByVal LossCallback closure);

  @Name("close")
  @Override
  protected native void nativeClose();
}
