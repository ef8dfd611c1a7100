package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Perturbed gradient descent (Jin et al. 2017, "How to Escape Saddle Points Efficiently", Algorithm
 * 1, with the condition of Algorithm 2). If the gradient is small, |∇f(x)| ≤ threshold, and the
 * last perturbation was more than {@code interval} steps ago, x ← x + ξ with ξ uniform in the ball
 * of radius r around 0, over all parameters together. Then the optimizer steps with the gradient at
 * that point.
 *
 * <p>A step requires a closure. A perturbed step calls it twice, for the gradient at the new point.
 * The closure must not step or close the wrapped optimizer.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class PerturbedDescent extends Perturbation {
  /**
   * @param optimizer must stay open
   * @param radius r, in [0, inf)
   * @param threshold of the gradient's Euclidean norm, in [0, inf)
   * @param interval in [0, inf)
   * @param seed of the perturbations
   * @throws RuntimeException if a value is outside its interval
   */
  public PerturbedDescent(
      Optimizer optimizer, double radius, double threshold, long interval, long seed) {
    super(optimizer);
    allocate(optimizer, radius, threshold, interval, seed);
  }

  private native void allocate(
      @ByRef Optimizer optimizer,
      double radius,
      double threshold,
      @Cast("int64_t") long interval,
      @Cast("uint64_t") long seed);

  /** The step of the last perturbation; -1 before the first. */
  @Function
  @Name("last_perturbation")
  @Cast("int64_t")
  public native long lastPerturbation();

  /**
   * Sets the step of the last perturbation, for a run that resumes from a checkpoint.
   *
   * @throws RuntimeException if it is below −1
   */
  @Function
  @Name("last_perturbation")
  public native void lastPerturbation(@Cast("int64_t") long step);
}
