package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * Cosine annealing with warm restarts (Loshchilov and Hutter 2017, "SGDR"). At the fraction φ of a
 * cycle,
 *
 * <pre>lr(φ) = finalLr + (lr − finalLr)·(1 + cos πφ)/2</pre>
 *
 * <p>Cycle i has firstCycleEpochs·multiplierⁱ epochs. Equals PyTorch's {@code
 * CosineAnnealingWarmRestarts} with a step in every iteration, called with the fractional epoch. A
 * step at a restart, up to 2⁻⁴⁰ of the progress, belongs to the new cycle.
 *
 * @param lr the rate at the start of each cycle, in [0, inf)
 * @param finalLr the rate that each cycle approaches, in [0, lr]
 * @param firstCycleEpochs epochs in the first cycle, fractions allowed, in (0, inf)
 * @param multiplier the length of each cycle divided by that of the previous one, in [1, inf)
 */
public record CosineRestarts(double lr, double finalLr, double firstCycleEpochs, double multiplier)
    implements Schedule {
  private static final double ON_RESTART = 1 + 0x1p-40;

  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public CosineRestarts {
    Check.nonNegative("lr", lr);
    Check.within("finalLr", finalLr, 0, lr);
    Check.positive("firstCycleEpochs", firstCycleEpochs);
    Check.atLeast("multiplier", multiplier, 1);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double phase = phase(new Progress(step, stepsPerEpoch).periods(firstCycleEpochs));
    return Progress.anneal(lr, finalLr, phase);
  }

  /** Returns the fraction of the current cycle, from the progress in lengths of the first one. */
  private double phase(double lengths) {
    double reached = lengths * ON_RESTART;
    double growth = multiplier - 1;
    if (growth == 0) {
      return Math.max(0, lengths - Math.floor(reached));
    }
    // Cycle i starts after (multiplier^i - 1) / growth lengths. Logarithms give i in closed form;
    // log1p and expm1 keep it exact for multipliers close to 1.
    double log = StrictMath.log1p(growth);
    double cycle = Math.floor(StrictMath.log1p(Math.min(reached * growth, Double.MAX_VALUE)) / log);
    double start = StrictMath.expm1(cycle * log) / growth;
    return Math.min(Math.max(0, (lengths - start) / StrictMath.exp(cycle * log)), 1);
  }
}
