package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Annealed gradient noise (Neelakantan et al. 2015, "Adding Gradient Noise Improves Learning for
 * Very Deep Networks", eq. 1): in step t = 0, 1, …, N(0, s²) is added to each gradient value, with
 *
 * <pre>s² = η / (1 + t)^γ</pre>
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class GradientNoise extends Perturbation {
  /**
   * @param optimizer must stay open
   * @param eta η, in [0, inf); the paper uses 0.01, 0.3 and 1
   * @param gamma γ, in [0, inf); the paper uses 0.55
   * @param seed of the noise
   * @throws RuntimeException if a value is outside its interval
   */
  public GradientNoise(Optimizer optimizer, double eta, double gamma, long seed) {
    super(optimizer);
    allocate(optimizer, eta, gamma, seed);
  }

  private native void allocate(
      @ByRef Optimizer optimizer, double eta, double gamma, @Cast("uint64_t") long seed);
}
