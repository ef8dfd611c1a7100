package org.noisylr.experiment.table;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.noisylr.check.InputException;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;

/** Schedules like others. */
public final class Schedules {
  private Schedules() {}

  /** The same schedule from another initial rate. */
  public static Schedule startingAt(Schedule schedule, double lr) {
    if (schedule instanceof Constant) {
      return new Constant(lr);
    }
    if (schedule instanceof StepDecay step) {
      return new StepDecay(lr, step.milestones());
    }
    throw new InputException("an initial rate of its own needs a constant rate or step decay");
  }

  /**
   * The same schedule for a run of another length.
   *
   * @param epochs epochs of the run over epochs of the original one: milestones, to the nearest
   *     epoch but not before epoch 1, and the lengths of cycles are multiplied by it; milestones
   *     that fall together become one
   * @param steps the same of steps: the T of an exponential decay is multiplied by it, so that the
   *     rate falls as far over the run
   */
  public static Schedule stretched(Schedule schedule, double epochs, double steps) {
    if (schedule instanceof StepDecay s) {
      return new StepDecay(s.lr(), stretched(s.milestones(), epochs));
    }
    if (schedule instanceof Cyclic s) {
      return new Cyclic(
          s.lowLr(), s.peakLr(), s.cycleEpochs() * epochs, stretched(s.milestones(), epochs));
    }
    if (schedule instanceof CosineRestarts s) {
      return new CosineRestarts(s.lr(), s.finalLr(), s.firstCycleEpochs() * epochs, s.multiplier());
    }
    if (schedule instanceof ExponentialDecay s) {
      return new ExponentialDecay(s.lr(), s.rate(), s.steps() * steps);
    }
    if (schedule instanceof Constant) {
      return schedule;
    }
    throw new InputException("no rule says how to stretch " + schedule);
  }

  private static List<Milestone> stretched(List<Milestone> milestones, double ratio) {
    Map<Long, Double> factors = new TreeMap<>(Comparator.naturalOrder());
    for (Milestone milestone : milestones) {
      long epoch = Math.max(1, Math.round(milestone.epoch() * ratio));
      factors.merge(epoch, milestone.factor(), (a, b) -> a * b);
    }
    return factors.entrySet().stream().map(e -> new Milestone(e.getKey(), e.getValue())).toList();
  }
}
