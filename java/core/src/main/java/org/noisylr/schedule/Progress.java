package org.noisylr.schedule;

import org.noisylr.check.Check;

/** A validated position in a run. */
record Progress(long step, long stepsPerEpoch) {
  Progress {
    Check.atLeast("step", step, 0);
    Check.atLeast("stepsPerEpoch", stepsPerEpoch, 1);
  }

  /** Completed epochs. */
  long epoch() {
    return step / stepsPerEpoch;
  }

  /** Completed periods of so many epochs, with fraction; finite for every period. */
  double periods(double epochs) {
    // Beyond 2^53 periods a double has no fraction left.
    return Math.min(step / (epochs * stepsPerEpoch), 0x1p53);
  }

  /** Between two rates: exactly {@code from} at weight 0 and exactly {@code to} at weight 1. */
  static double interpolate(double from, double to, double weight) {
    return (1 - weight) * from + weight * to;
  }
}
