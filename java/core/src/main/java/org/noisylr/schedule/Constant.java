package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * The same learning rate in every step.
 *
 * @param lr in [0, inf)
 */
public record Constant(double lr) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if lr is out of range
   */
  public Constant {
    Check.nonNegative("lr", lr);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    new Progress(step, stepsPerEpoch);
    return lr;
  }
}
