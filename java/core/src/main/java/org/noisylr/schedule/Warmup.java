package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * A linear warm-up before a schedule: the rate rises from 0 at step 0 to the schedule's first rate,
 * then the schedule starts with its own step 0.
 *
 * @param schedule the schedule that follows
 * @param epochs the length of the warm-up, in (0, inf); rounded to the nearest step
 */
public record Warmup(Schedule schedule, double epochs) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if epochs is out of range
   */
  public Warmup {
    Check.required("schedule", schedule);
    Check.positive("epochs", epochs);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    long start = new Progress(step, stepsPerEpoch).stepAt(epochs);
    return step < start
        ? schedule.lr(0, stepsPerEpoch) * ((double) step / start)
        : schedule.lr(step - start, stepsPerEpoch);
  }
}
