package org.noisylr.schedule;

import java.util.List;

/**
 * A base learning rate as a pure function of training progress.
 *
 * <p>Progress is the zero-based step over the whole run together with the number of steps in an
 * epoch; the fractional epoch is t = step / stepsPerEpoch. The named schedules are immutable
 * records, which compare by value. A lambda is a schedule too:
 *
 * <pre>{@code
 * Schedule halves = (step, stepsPerEpoch) -> 0.1 * Math.pow(0.5, step / stepsPerEpoch);
 * Schedule whole = Schedule.cosine(0.1, 0, 195).warmup(5);
 * }</pre>
 *
 * <p>The order of calls does not matter. The error of a phase is about 2⁻⁵² per completed cycle,
 * which is negligible in runs of 10⁹ steps.
 */
@FunctionalInterface
public interface Schedule {

  /**
   * Returns the learning rate of a step.
   *
   * @param step zero-based step over the whole run, in [0, inf)
   * @param stepsPerEpoch the number of steps in an epoch, in [1, inf)
   * @return a finite rate, at least 0
   * @throws org.noisylr.check.InputException if an argument is out of range
   */
  double lr(long step, long stepsPerEpoch);

  /** Returns a linear warm-up from 0, then this schedule from its step 0: {@link Warmup}. */
  default Schedule warmup(double epochs) {
    return new Warmup(this, epochs);
  }

  /** Returns this schedule until an epoch, then another from its step 0: {@link Sequence}. */
  default Schedule then(double epoch, Schedule next) {
    return new Sequence(this, epoch, next);
  }

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

  /** See {@link Cosine}. */
  static Schedule cosine(double lr, double finalLr, double epochs) {
    return new Cosine(lr, finalLr, epochs);
  }

  /** See {@link CosineRestarts}. */
  static Schedule cosineRestarts(
      double lr, double finalLr, double firstCycleEpochs, double multiplier) {
    return new CosineRestarts(lr, finalLr, firstCycleEpochs, multiplier);
  }

  /** See {@link Polynomial}, with power 1. */
  static Schedule linear(double lr, double finalLr, double epochs) {
    return new Polynomial(lr, finalLr, epochs, 1);
  }

  /** See {@link Polynomial}. */
  static Schedule polynomial(double lr, double finalLr, double epochs, double power) {
    return new Polynomial(lr, finalLr, epochs, power);
  }

  /**
   * See {@link OneCycle}, with PyTorch's defaults: from peakLr/25 to peakLr in the first 30 % of
   * the epochs, then to peakLr/250,000.
   */
  static Schedule oneCycle(double peakLr, double epochs) {
    return new OneCycle(peakLr / 25, peakLr, peakLr / 25 / 1e4, epochs, 0.3);
  }

  /** See {@link InverseSquareRoot}. */
  static Schedule inverseSquareRoot(double lr, double warmupEpochs) {
    return new InverseSquareRoot(lr, warmupEpochs);
  }

  /** See {@link WarmupStableDecay}. */
  static Schedule warmupStableDecay(
      double lr, double finalLr, double epochs, double warmupEpochs, double decayEpochs) {
    return new WarmupStableDecay(lr, finalLr, epochs, warmupEpochs, decayEpochs);
  }
}
