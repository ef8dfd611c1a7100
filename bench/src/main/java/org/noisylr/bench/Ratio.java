package org.noisylr.bench;

import java.util.Locale;
import org.noisylr.check.InputException;
import org.openjdk.jmh.util.ListStatistics;

/**
 * A ratio of times with its 95 % confidence interval.
 *
 * @param estimate the geometric mean over the rounds
 * @param low end of the interval; NaN for fewer than three rounds
 * @param high end of the interval; NaN for fewer than three rounds
 */
record Ratio(double estimate, double low, double high) {
  /**
   * Returns the ratio of times that were measured in the same rounds, with Student's interval of
   * the mean log ratio.
   *
   * @param times by round
   * @param base by round, of the same length
   * @throws InputException if the lengths differ
   */
  static Ratio of(double[] times, double[] base) {
    if (times.length != base.length) {
      throw new InputException(
          "both sides of a ratio must have the same number of rounds, but have %d and %d"
              .formatted(times.length, base.length));
    }
    double[] logs = new double[times.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = Math.log(times[i] / base[i]);
    }
    ListStatistics statistics = new ListStatistics(logs);
    double[] interval = statistics.getConfidenceIntervalAt(0.95);
    return new Ratio(Math.exp(statistics.getMean()), Math.exp(interval[0]), Math.exp(interval[1]));
  }

  @Override
  public String toString() {
    return Double.isNaN(low)
        ? String.format(Locale.ROOT, "%.3f", estimate)
        : String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", estimate, low, high);
  }
}
