package org.noisylr.schedule;

import java.util.List;
import org.noisylr.check.Check;

/**
 * Piecewise constant decay: lr · ∏ factor over the milestones reached, at whole epochs. With one
 * factor for all milestones it equals PyTorch's {@code MultiStepLR} with a step per epoch.
 *
 * @param lr the rate before the first milestone, in [0, inf)
 * @param milestones strictly increasing in their epochs; may be empty
 */
public record StepDecay(double lr, List<Milestone> milestones) implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if lr is out of range or the epochs do not strictly
   *     increase
   */
  public StepDecay {
    Check.nonNegative("lr", lr);
    milestones = Milestone.increasing("milestones", milestones);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    return Milestone.decay(lr, milestones, new Progress(step, stepsPerEpoch).epoch());
  }
}
