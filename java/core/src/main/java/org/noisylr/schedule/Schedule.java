package org.noisylr.schedule;

import java.util.List;

/**
 * A base learning rate as a pure function of training progress.
 *
 * <p>Progress is the zero-based step over the whole run together with the number of steps in an
 * epoch; the fractional epoch is t = step / stepsPerEpoch. The order of calls does not matter. The
 * error of a phase is about 2⁻⁵² per completed cycle, which is negligible in runs of 10⁹ steps.
 */
public sealed interface Schedule
    permits Constant, StepDecay, ExponentialDecay, Cyclic, CosineRestarts, LinearWarmup, Sequence {

  /**
   * Returns the learning rate of a step.
   *
   * @param step zero-based step over the whole run, in [0, inf)
   * @param stepsPerEpoch the number of steps in an epoch, in [1, inf)
   * @throws org.noisylr.check.InputException if an argument is out of range
   */
  double lr(long step, long stepsPerEpoch);

  /** See {@link Constant}. */
  static Schedule constant(double lr) {
    return new Constant(lr);
  }

  /** See {@link StepDecay}. */
  static Schedule stepDecay(double lr, Milestone... milestones) {
    return new StepDecay(lr, List.of(milestones));
  }

  /** See {@link ExponentialDecay}. */
  static Schedule exponentialDecay(double lr, double rate, double steps) {
    return new ExponentialDecay(lr, rate, steps);
  }

  /** See {@link Cyclic}. */
  static Schedule cyclic(double lowLr, double peakLr, double cycleEpochs, Milestone... milestones) {
    return new Cyclic(lowLr, peakLr, cycleEpochs, List.of(milestones));
  }

  /** See {@link CosineRestarts}. */
  static Schedule cosineRestarts(
      double lr, double finalLr, double firstCycleEpochs, double multiplier) {
    return new CosineRestarts(lr, finalLr, firstCycleEpochs, multiplier);
  }

  /** See {@link LinearWarmup}. */
  static Schedule linearWarmup(double startLr, double peakLr, double epochs) {
    return new LinearWarmup(startLr, peakLr, epochs);
  }

  /** See {@link Sequence}. */
  static Schedule sequence(List<Schedule> schedules, List<Double> boundaries) {
    return new Sequence(schedules, boundaries);
  }
}
