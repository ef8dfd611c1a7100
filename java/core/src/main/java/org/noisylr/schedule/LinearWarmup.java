package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * Linear warm-up: startLr + (peakLr − startLr)·t/epochs at the fractional epoch t, then peakLr.
 * Equals PyTorch's {@code LinearLR} with start_factor = startLr/peakLr and a step in every
 * iteration.
 *
 * @param startLr the rate of step 0, in [0, peakLr]
 * @param peakLr in (0, inf)
 * @param epochs the length of the warm-up, fractions allowed, in (0, inf)
 */
public record LinearWarmup(double startLr, double peakLr, double epochs) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public LinearWarmup {
    Check.positive("peakLr", peakLr);
    Check.within("startLr", startLr, 0, peakLr);
    Check.positive("epochs", epochs);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double risen = Math.min(new Progress(step, stepsPerEpoch).periods(epochs), 1);
    return Progress.interpolate(startLr, peakLr, risen);
  }
}
