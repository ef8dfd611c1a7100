package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * A polynomial from one rate to another; with power 1, a line. At the fractional epoch t,
 *
 * <pre>lr(t) = finalLr + (lr − finalLr)·(1 − min(t/epochs, 1))^power</pre>
 *
 * <p>With a step in every iteration it equals PyTorch's {@code PolynomialLR} if finalLr is 0, and
 * {@code LinearLR} if the power is 1.
 *
 * @param lr the rate of step 0, in [0, inf)
 * @param finalLr the rate from {@code epochs} on, in [0, inf); may be greater than lr
 * @param epochs fractions allowed, in (0, inf)
 * @param power in (0, inf)
 */
public record Polynomial(double lr, double finalLr, double epochs, double power)
    implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public Polynomial {
    Check.nonNegative("lr", lr);
    Check.nonNegative("finalLr", finalLr);
    Check.positive("epochs", epochs);
    Check.positive("power", power);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double rest = Math.max(1 - new Progress(step, stepsPerEpoch).periods(epochs), 0);
    return Progress.interpolate(finalLr, lr, StrictMath.pow(rest, power));
  }
}
