package org.noisylr.schedule;

import org.noisylr.check.Check;

/** A validated position in a run. */
record Progress(long step, long stepsPerEpoch) {
  Progress {
    Check.atLeast("step", step, 0);
    Check.atLeast("stepsPerEpoch", stepsPerEpoch, 1);
  }

  /** The number of completed epochs. */
  long epoch() {
    return step / stepsPerEpoch;
  }

  /** The number of completed periods of {@code epochs} epochs, with its fraction; finite. */
  double periods(double epochs) {
    // From 2^53 on, a double has no fraction.
    return Math.min(step / (epochs * stepsPerEpoch), 0x1p53);
  }

  /** The step nearest to {@code epochs} epochs. */
  long stepAt(double epochs) {
    return Math.round(epochs * stepsPerEpoch);
  }

  /** Interpolates linearly: exactly {@code from} at weight 0 and exactly {@code to} at weight 1. */
  static double interpolate(double from, double to, double weight) {
    return (1 - weight) * from + weight * to;
  }

  /** Moves along half a cosine: exactly {@code from} at phase 0 and {@code to} at phase 1. */
  static double anneal(double from, double to, double phase) {
    return interpolate(to, from, (1 + StrictMath.cos(Math.PI * phase)) / 2);
  }
}
