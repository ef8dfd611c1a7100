package org.noisylr.schedule;

import java.util.List;
import org.noisylr.check.Check;

/**
 * Triangular cycles (Smith 2017, "Cyclical learning rates for training neural networks"). The rate
 * rises linearly from lowLr at step 0 to peakLr at half a cycle and falls back linearly. At the
 * fraction φ of a cycle,
 *
 * <pre>lr = (lowLr + (peakLr − lowLr)·(1 − |1 − 2φ|)) · ∏ factor</pre>
 *
 * with the factors of the milestones reached: both ends decay. Without milestones it equals
 * PyTorch's {@code CyclicLR} in mode {@code triangular}, with a step in every iteration.
 *
 * @param lowLr in [0, inf)
 * @param peakLr in [lowLr, inf)
 * @param cycleEpochs epochs in a cycle, fractions allowed, in (0, inf)
 * @param milestones strictly increasing in their epochs; may be empty
 */
public record Cyclic(double lowLr, double peakLr, double cycleEpochs, List<Milestone> milestones)
    implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range or the epochs do not
   *     strictly increase
   */
  public Cyclic {
    Check.nonNegative("lowLr", lowLr);
    Check.atLeast("peakLr", peakLr, lowLr);
    Check.positive("cycleEpochs", cycleEpochs);
    milestones = Milestone.increasing("milestones", milestones);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    Progress progress = new Progress(step, stepsPerEpoch);
    double cycles = progress.periods(cycleEpochs);
    double phase = cycles - Math.floor(cycles);
    double triangle = Progress.interpolate(lowLr, peakLr, 1 - Math.abs(1 - 2 * phase));
    return Milestone.decay(triangle, milestones, progress.epoch());
  }
}
