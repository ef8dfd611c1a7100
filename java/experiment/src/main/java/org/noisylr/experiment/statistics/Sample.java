package org.noisylr.experiment.statistics;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.apache.commons.statistics.descriptive.DoubleStatistics;
import org.apache.commons.statistics.descriptive.Statistic;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunResult;

/**
 * Mean and sample standard deviation (n − 1) of scores.
 *
 * @param mean a fraction
 * @param std a fraction; NaN for a single value
 */
public record Sample(double mean, double std) {
  /** Returns the sample of at least one value. */
  public static Sample of(double... values) {
    DoubleStatistics statistics =
        DoubleStatistics.of(EnumSet.of(Statistic.MEAN, Statistic.STANDARD_DEVIATION), values);
    return new Sample(
        statistics.getAsDouble(Statistic.MEAN),
        values.length < 2 ? Double.NaN : statistics.getAsDouble(Statistic.STANDARD_DEVIATION));
  }

  /** Returns the sample of a value of at least one run. */
  public static Sample of(List<Run> runs, ToDoubleFunction<RunResult> value) {
    return of(runs.stream().mapToDouble(run -> value.applyAsDouble(run.result())).toArray());
  }

  /** Formats mean and spread in per cent with two decimals, "84.31 ± 0.12". */
  public String percent() {
    return percent("%.2f");
  }

  /** Formats like {@link #percent()}, with the sign of the mean. */
  public String signedPercent() {
    return percent("%+.2f");
  }

  private String percent(String format) {
    String text = String.format(Locale.ROOT, format, 100 * mean);
    return Double.isNaN(std) ? text : text + String.format(Locale.ROOT, " ± %.2f", 100 * std);
  }
}
