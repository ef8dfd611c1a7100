package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * One cycle (Smith and Topin 2018, "Super-convergence"): a rise from lr to peakLr, then a fall to
 * finalLr, both along half a cosine. With T = epochs·stepsPerEpoch, step riseFraction·T − 1 has the
 * peak and step T − 1 and later ones have finalLr.
 *
 * <p>Equals PyTorch's {@code OneCycleLR} of two phases with a step in every iteration: lr = max_lr
 * / div_factor, finalLr = lr / final_div_factor. It does not cycle the momentum.
 *
 * @param lr the rate from which it rises, that of step 0 if the rise has more than one step; in [0,
 *     peakLr]
 * @param peakLr in [0, inf)
 * @param finalLr in [0, peakLr]
 * @param epochs fractions allowed, in (0, inf)
 * @param riseFraction the part of the epochs in which the rate rises, in [0, 1]
 */
public record OneCycle(double lr, double peakLr, double finalLr, double epochs, double riseFraction)
    implements Schedule {
  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public OneCycle {
    Check.nonNegative("peakLr", peakLr);
    Check.within("lr", lr, 0, peakLr);
    Check.within("finalLr", finalLr, 0, peakLr);
    Check.positive("epochs", epochs);
    Check.within("riseFraction", riseFraction, 0, 1);
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    new Progress(step, stepsPerEpoch);
    double steps = epochs * stepsPerEpoch;
    double peak = riseFraction * steps - 1;
    double last = steps - 1;
    if (peak > 0 && step <= peak) {
      return Progress.anneal(lr, peakLr, step / peak);
    }
    return step >= last ? finalLr : Progress.anneal(peakLr, finalLr, (step - peak) / (last - peak));
  }
}
