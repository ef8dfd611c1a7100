package org.noisylr.schedule;

import java.util.List;
import org.noisylr.check.Check;

/**
 * Triangular cycles (Smith 2017, "Cyclical learning rates for training neural networks"): lowLr at
 * step 0, linearly up to peakLr at half a cycle, linearly down again. With φ the fraction of the
 * cycle that has passed,
 *
 * <pre>lr = (lowLr + (peakLr − lowLr)·(1 − |1 − 2φ|)) · ∏ factor</pre>
 *
 * over the milestones reached, so both ends decay with them. Without milestones it is PyTorch's
 * {@code CyclicLR} in mode {@code triangular}, stepped in every iteration.
 *
 * @param lowLr in (0, inf)
 * @param peakLr in [lowLr, inf)
 * @param cycleEpochs epochs in a cycle, fractions allowed, in (0, inf)
 * @param milestones epochs strictly increasing; may be empty
 */
public record Cyclic(double lowLr, double peakLr, double cycleEpochs, List<Milestone> milestones)
    implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is outside or the epochs do not increase
   */
  public Cyclic {
    Check.positive("lowLr", lowLr);
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
