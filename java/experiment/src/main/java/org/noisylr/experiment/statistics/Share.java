package org.noisylr.experiment.statistics;

import java.util.Locale;
import org.apache.commons.statistics.distribution.NormalDistribution;

/**
 * The share of successes among independent trials, with its 95 % confidence interval (Wilson 1927).
 *
 * @param hits number of successes
 * @param trials number of trials, at least 1
 */
public record Share(int hits, int trials) {
  private static final double Z = NormalDistribution.of(0, 1).inverseSurvivalProbability(0.025);

  /** Returns the share itself, in [0, 1]. */
  public double estimate() {
    return (double) hits / trials;
  }

  /** Returns the lower end of the interval. */
  public double low() {
    return Math.max(0, centre() - half());
  }

  /** Returns the upper end of the interval. */
  public double high() {
    return Math.min(1, centre() + half());
  }

  private double centre() {
    return (estimate() + Z * Z / (2.0 * trials)) / (1 + Z * Z / trials);
  }

  private double half() {
    double p = estimate();
    return Z
        * Math.sqrt(p * (1 - p) / trials + Z * Z / (4.0 * trials * trials))
        / (1 + Z * Z / trials);
  }

  /** Formats in per cent, as "45.2 (42.1 to 48.3)". */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%.1f (%.1f to %.1f)", 100 * estimate(), 100 * low(), 100 * high());
  }
}
