package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * One schedule after another, which starts with its own step 0. Equals PyTorch's {@code
 * SequentialLR}.
 *
 * @param first the schedule of the first epochs
 * @param epochs the epoch at which {@code next} starts, in (0, inf); rounded to the nearest step
 * @param next the schedule from there on
 */
public record Sequence(Schedule first, double epochs, Schedule next) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if epochs is out of range
   */
  public Sequence {
    Check.required("first", first);
    Check.positive("epochs", epochs);
    Check.required("next", next);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    long start = new Progress(step, stepsPerEpoch).stepAt(epochs);
    return step < start ? first.lr(step, stepsPerEpoch) : next.lr(step - start, stepsPerEpoch);
  }
}
