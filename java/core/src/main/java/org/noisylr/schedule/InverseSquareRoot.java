package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * A linear rise, then decay with the inverse square root of time (Vaswani et al. 2017, "Attention
 * is all you need", equation 3). At the fractional epoch t,
 *
 * <pre>lr(t) = lr · min(t / warmupEpochs, √(warmupEpochs / t))</pre>
 *
 * @param lr the greatest rate, at epoch warmupEpochs, in [0, inf)
 * @param warmupEpochs fractions allowed, in (0, inf)
 */
public record InverseSquareRoot(double lr, double warmupEpochs) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public InverseSquareRoot {
    Check.nonNegative("lr", lr);
    Check.positive("warmupEpochs", warmupEpochs);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double lengths = new Progress(step, stepsPerEpoch).periods(warmupEpochs);
    return lengths < 1 ? lr * lengths : lr / StrictMath.sqrt(lengths);
  }
}
