package org.noisylr.launcher.report;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import org.apache.commons.statistics.descriptive.DoubleStatistics;
import org.apache.commons.statistics.descriptive.Statistic;
import org.noisylr.train.run.Run;

/**
 * One schedule without and with noise, seed by seed.
 *
 * @param name the schedule's name
 * @param plain runs without noise, one a seed
 * @param noisy runs with noise, with the same seeds in the same order
 */
public record Comparison(String name, List<Run> plain, List<Run> noisy) {
  /** Copies the lists. */
  public Comparison {
    plain = List.copyOf(plain);
    noisy = List.copyOf(noisy);
  }

  /** Best test accuracy of the plain runs. */
  public Sample plainAccuracy() {
    return Sample.of(plain.stream().mapToDouble(r -> r.result().bestTestAcc()).toArray());
  }

  /** Best test accuracy of the noisy runs. */
  public Sample noisyAccuracy() {
    return Sample.of(noisy.stream().mapToDouble(r -> r.result().bestTestAcc()).toArray());
  }

  /** Noisy less plain best test accuracy, seed by seed. */
  public Sample difference() {
    double[] differences = new double[plain.size()];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = noisy.get(i).result().bestTestAcc() - plain.get(i).result().bestTestAcc();
    }
    return Sample.of(differences);
  }

  /**
   * Mean and sample standard deviation (n − 1) of accuracies.
   *
   * @param mean a fraction
   * @param std a fraction; NaN for a single value
   */
  public record Sample(double mean, double std) {
    static Sample of(double[] values) {
      DoubleStatistics statistics =
          DoubleStatistics.of(EnumSet.of(Statistic.MEAN, Statistic.STANDARD_DEVIATION), values);
      return new Sample(
          statistics.getAsDouble(Statistic.MEAN),
          values.length < 2 ? Double.NaN : statistics.getAsDouble(Statistic.STANDARD_DEVIATION));
    }

    /** In per cent with two decimals, "84.31 ± 0.12". */
    public String percent() {
      return percent("%.2f");
    }

    /** As {@link #percent()} with the sign always shown. */
    public String signedPercent() {
      return percent("%+.2f");
    }

    private String percent(String format) {
      String text = String.format(Locale.ROOT, format, 100 * mean);
      return Double.isNaN(std) ? text : text + String.format(Locale.ROOT, " ± %.2f", 100 * std);
    }
  }
}
