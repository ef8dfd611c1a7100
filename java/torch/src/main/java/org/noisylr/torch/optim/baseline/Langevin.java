package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Stochastic gradient Langevin dynamics (Welling and Teh 2011, eq. 4): after a step with the rate
 * lr, N(0, 2·lr·T) is added to each parameter value.
 *
 * <p>In the paper's terms, for a loss that is the mean negative log posterior of N examples and
 * plain SGD, its ε is 2·lr/N, so T = 1/N samples from the posterior. The rate is the one that the
 * step used: the realised rate of a noisy optimizer; the η of L4, or 0 where that is negative.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class Langevin extends Perturbation {
  /**
   * @param optimizer must stay open
   * @param temperature T, in [0, inf)
   * @param seed of the noise
   * @throws RuntimeException if the temperature is outside its interval
   */
  public Langevin(Optimizer optimizer, double temperature, long seed) {
    super(optimizer);
    allocate(optimizer, temperature, seed);
  }

  private native void allocate(
      @ByRef Optimizer optimizer, double temperature, @Cast("uint64_t") long seed);
}
