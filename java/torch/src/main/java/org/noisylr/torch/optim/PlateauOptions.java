package org.noisylr.torch.optim;

import org.noisylr.check.Check;

/**
 * When and how {@link ReduceOnPlateau} reduces learning rates. The defaults are PyTorch's: factor
 * 0.1, patience 10, relative threshold 1e-4, no cooldown, no minimum.
 *
 * @param rising whether a greater metric is better
 * @param factor multiplies the rates, in (0, 1)
 * @param patience the number of epochs without improvement that are tolerated, at least 0
 * @param threshold the least change that counts as an improvement, at least 0
 * @param relative whether the threshold is relative to the best metric
 * @param cooldown the number of epochs after a reduction that do not count, at least 0
 * @param minLr the least learning rate to which a reduction leads, at least 0; on a {@link
 *     Scheduler}, the least initial rate
 */
public record PlateauOptions(
    boolean rising,
    double factor,
    long patience,
    double threshold,
    boolean relative,
    long cooldown,
    double minLr) {

  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public PlateauOptions {
    Check.positive("factor", factor);
    if (factor >= 1) {
      throw Check.invalid("factor", factor, "less than 1");
    }
    Check.atLeast("patience", patience, 0);
    Check.nonNegative("threshold", threshold);
    Check.atLeast("cooldown", cooldown, 0);
    Check.nonNegative("minLr", minLr);
  }

  /** The defaults for a metric that falls, such as a loss. */
  public static PlateauOptions minimize() {
    return new PlateauOptions(false, 0.1, 10, 1e-4, true, 0, 0);
  }

  /** The defaults for a metric that rises, such as an accuracy. */
  public static PlateauOptions maximize() {
    return new PlateauOptions(true, 0.1, 10, 1e-4, true, 0, 0);
  }

  /** Returns these options with another factor. */
  public PlateauOptions factor(double newFactor) {
    return new PlateauOptions(rising, newFactor, patience, threshold, relative, cooldown, minLr);
  }

  /** Returns these options with another patience. */
  public PlateauOptions patience(long epochs) {
    return new PlateauOptions(rising, factor, epochs, threshold, relative, cooldown, minLr);
  }

  /** Returns these options with a threshold relative to the best metric. */
  public PlateauOptions relative(double newThreshold) {
    return new PlateauOptions(rising, factor, patience, newThreshold, true, cooldown, minLr);
  }

  /** Returns these options with an absolute threshold. */
  public PlateauOptions absolute(double newThreshold) {
    return new PlateauOptions(rising, factor, patience, newThreshold, false, cooldown, minLr);
  }

  /** Returns these options with another cooldown. */
  public PlateauOptions cooldown(long epochs) {
    return new PlateauOptions(rising, factor, patience, threshold, relative, epochs, minLr);
  }

  /** Returns these options with another least learning rate. */
  public PlateauOptions minLr(double newMinLr) {
    return new PlateauOptions(rising, factor, patience, threshold, relative, cooldown, newMinLr);
  }

  double initialBest() {
    return rising ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
  }

  boolean isBetter(double metric, double best) {
    if (rising) {
      return metric > (relative ? best * (threshold + 1) : best + threshold);
    }
    return metric < (relative ? best * (1 - threshold) : best - threshold);
  }
}
