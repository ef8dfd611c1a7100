package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * Exponential decay in every step: lr · rate^(k/T) at step k. Equals PyTorch's {@code
 * ExponentialLR} with gamma = rate^(1/T) and a step in every iteration.
 *
 * @param lr the rate of step 0, in [0, inf)
 * @param rate the factor over T steps, in (0, inf); the paper uses 0.96
 * @param steps T, in (0, inf); the paper uses 600
 */
public record ExponentialDecay(double lr, double rate, double steps) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public ExponentialDecay {
    Check.nonNegative("lr", lr);
    Check.positive("rate", rate);
    Check.positive("steps", steps);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    return lr * StrictMath.pow(rate, new Progress(step, stepsPerEpoch).step() / steps);
  }
}
