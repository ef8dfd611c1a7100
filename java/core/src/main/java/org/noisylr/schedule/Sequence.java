package org.noisylr.schedule;

import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Schedules in sequence, like PyTorch's {@code SequentialLR}: each starts with its own step 0 at
 * its boundary.
 *
 * <pre>{@code
 * Schedule warmThenDecay = Schedule.sequence(
 *     List.of(Schedule.linearWarmup(0.01, 0.1, 5), Schedule.stepDecay(0.1, new Milestone(75, 0.1))),
 *     List.of(5.0)); // decays at epoch 80 of the run
 * }</pre>
 *
 * @param schedules at least one
 * @param boundaries the epoch at which each schedule after the first starts, strictly increasing,
 *     in (0, inf); fractions are rounded to the nearest step
 */
public record Sequence(List<Schedule> schedules, List<Double> boundaries) implements Schedule {
  /**
   * @throws InputException if there is no schedule, if the boundaries are not one fewer than the
   *     schedules, or if they are not positive and strictly increasing
   */
  public Sequence {
    Check.required("schedules", schedules).forEach(each -> Check.required("schedules", each));
    Check.required("boundaries", boundaries).forEach(each -> Check.required("boundaries", each));
    schedules = List.copyOf(schedules);
    boundaries = List.copyOf(boundaries);
    Check.atLeast("number of schedules", schedules.size(), 1);
    if (boundaries.size() != schedules.size() - 1) {
      throw new InputException(
          "boundaries must be one fewer than schedules, %d, but are %d"
              .formatted(schedules.size() - 1, boundaries.size()));
    }
    for (int i = 0; i < boundaries.size(); i++) {
      Check.positive("boundaries[" + i + "]", boundaries.get(i));
      if (i > 0 && boundaries.get(i) <= boundaries.get(i - 1)) {
        throw new InputException(
            "boundaries must be strictly increasing, but %s follows %s"
                .formatted(boundaries.get(i), boundaries.get(i - 1)));
      }
    }
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    Progress progress = new Progress(step, stepsPerEpoch);
    for (int i = boundaries.size(); i > 0; i--) {
      long start = Math.round(boundaries.get(i - 1) * stepsPerEpoch);
      if (progress.step() >= start) {
        return schedules.get(i).lr(step - start, stepsPerEpoch);
      }
    }
    return schedules.get(0).lr(step, stepsPerEpoch);
  }
}
