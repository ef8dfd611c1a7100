package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * Cosine annealing (Loshchilov and Hutter 2017, "SGDR", without restarts). At the fractional epoch
 * t,
 *
 * <pre>lr(t) = finalLr + (lr − finalLr)·(1 + cos(π·min(t/epochs, 1)))/2</pre>
 *
 * <p>Equals PyTorch's {@code CosineAnnealingLR} with a step in every iteration until its {@code
 * T_max}, after which PyTorch's rate rises again.
 *
 * @param lr the rate of step 0, in [0, inf)
 * @param finalLr the rate from {@code epochs} on, in [0, lr]
 * @param epochs fractions allowed, in (0, inf)
 */
public record Cosine(double lr, double finalLr, double epochs) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public Cosine {
    Check.nonNegative("lr", lr);
    Check.within("finalLr", finalLr, 0, lr);
    Check.positive("epochs", epochs);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double phase = Math.min(new Progress(step, stepsPerEpoch).periods(epochs), 1);
    return Progress.anneal(lr, finalLr, phase);
  }
}
