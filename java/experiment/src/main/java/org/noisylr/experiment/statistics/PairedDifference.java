package org.noisylr.experiment.statistics;

import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.distribution.TDistribution;
import org.noisylr.experiment.text.PlainNumber;

/**
 * The difference between the scores of two cells' runs, paired by their seeds.
 *
 * @param n number of seeds
 * @param mean mean of the differences, a fraction like the scores
 * @param low lower end of the 95 % confidence interval of the mean, by Student's t with n − 1
 *     degrees of freedom; NaN for a single seed
 * @param high upper end of the interval
 * @param effect mean divided by the standard deviation of the differences (Cohen's d of paired
 *     samples); NaN for a single seed, or if all differences are equal
 */
public record PairedDifference(int n, double mean, double low, double high, double effect) {
  private static final double TAIL = 0.025;

  /** Scores are fractions of whole numbers: a smaller difference is rounding. */
  private static final double ROUNDING = 1e-12;

  /** An effect that requires more seeds is called too small to matter. */
  private static final int MAX_SEEDS = 1000;

  /** What a paired difference says about the paper's claim or, without a claim, about its sign. */
  public enum Verdict {
    /** The whole interval is on the same side of 0 as the paper's difference. */
    REPRODUCED("reproduced"),
    /** The whole interval is on the other side. */
    CONTRADICTED("contradicted"),
    /** There is no claim, and the whole interval is above 0. */
    BETTER("better"),
    /** There is no claim, and the whole interval is below 0. */
    WORSE("worse"),
    /** The interval contains 0, there are too few seeds, or all differences are equal. */
    UNDECIDED("undecided at this n"),
    /** The scale or the data does not allow a verdict. */
    NOT_JUDGED("not judged"),
    /** The cells differ in their data, number of examples or epochs, or backbone. */
    NOT_COMPARABLE("not comparable"),
    /** Runs are missing. */
    INCOMPLETE("runs missing"),
    /** A cell has no runs. */
    NOT_RUN("not run");

    private final String text;

    Verdict(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Summarises differences: one for each seed, and at least one. */
  public static PairedDifference of(double... differences) {
    Sample sample = Sample.of(differences);
    int n = differences.length;
    double mean = Math.abs(sample.mean()) > ROUNDING ? sample.mean() : 0;
    if (n < 2) {
      return new PairedDifference(n, mean, Double.NaN, Double.NaN, Double.NaN);
    }
    double spread = sample.std() > ROUNDING ? sample.std() : 0;
    double half = spread * halfWidth(n);
    return new PairedDifference(
        n, mean, mean - half, mean + half, spread > 0 ? mean / spread : Double.NaN);
  }

  /** Returns half of the interval's width in standard deviations of the differences. */
  private static double halfWidth(int n) {
    return TDistribution.of(n - 1).inverseSurvivalProbability(TAIL) / Math.sqrt(n);
  }

  /** Without any spread between seeds, nothing shows how large chance is. */
  private boolean hasInterval() {
    return high > low;
  }

  /** Returns the verdict without a claim. */
  public Verdict verdict() {
    return verdict(Double.NaN);
  }

  /**
   * Returns the verdict on a claimed difference.
   *
   * @param claimed only its sign counts; NaN for no claim
   */
  public Verdict verdict(double claimed) {
    if (!hasInterval() || claimed == 0 || (low <= 0 && high >= 0)) {
      return Verdict.UNDECIDED;
    }
    if (Double.isNaN(claimed)) {
      return low > 0 ? Verdict.BETTER : Verdict.WORSE;
    }
    return low > 0 == claimed > 0 ? Verdict.REPRODUCED : Verdict.CONTRADICTED;
  }

  /**
   * Returns the smallest number of seeds whose interval would exclude 0 if mean and spread stayed
   * as they are; empty if it is above 1000, or if there is no spread.
   */
  public OptionalInt seedsToDecide() {
    // The quantile of the normal distribution is below each of Student's t.
    double z = NormalDistribution.of(0, 1).inverseSurvivalProbability(TAIL);
    int least = Math.max(2, (int) (z * z / (effect * effect)));
    return IntStream.rangeClosed(least, MAX_SEEDS)
        .filter(seeds -> halfWidth(seeds) < Math.abs(effect))
        .findFirst();
  }

  /** Formats in percentage points, {@code +0.49 (0.12 to 0.86)}; without an interval if n is 1. */
  public String points() {
    return points("");
  }

  private String points(String label) {
    String points = String.format(Locale.ROOT, "%+.2f", 100 * mean);
    return hasInterval()
        ? points + " (%s%s to %s)".formatted(label, end(100 * low), end(100 * high))
        : points;
  }

  /** Formats with two decimals below 1, one below 10, and none above; more below 0.01. */
  private static String end(double value) {
    double size = Math.abs(value);
    if (size > 0 && size < 0.01) {
      return PlainNumber.rounded(value, 1);
    }
    int decimals = size < 1 ? 2 : size < 10 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /**
   * Returns verdict, difference and number of seeds and, if undecided, what would decide: {@code
   * undecided: -0.80 (95 % interval -4.2 to 2.6), 2 seeds; about 9 seeds would decide it …}.
   */
  public String sentence(Verdict verdict) {
    boolean undecided = verdict == Verdict.UNDECIDED;
    return "%s: %s, %s%s"
        .formatted(
            undecided ? "undecided" : verdict,
            points("95 % interval "),
            n == 1 ? "1 seed" : n + " seeds",
            undecided ? "; " + outlook() : "");
  }

  private String outlook() {
    if (n == 1) {
      return "an interval requires at least 2 seeds";
    }
    if (!hasInterval()) {
      return "all seeds have the same difference, which shows nothing about chance";
    }
    OptionalInt seeds = seedsToDecide();
    return seeds.isPresent()
        ? "about %d seeds would decide it if mean and spread stayed the same"
            .formatted(seeds.getAsInt())
        : "more than %d seeds would be required if mean and spread stayed the same"
            .formatted(MAX_SEEDS);
  }
}
