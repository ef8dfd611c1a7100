package org.noisylr.experiment.statistics;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The difference between the scores of noisy runs and of runs without noise, paired by their seeds.
 *
 * @param n number of seeds
 * @param mean mean of the differences, in the unit of the scores
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

  /** What a paired difference says about the paper's claim. */
  public enum Verdict {
    /** The whole interval is on the same side of 0 as the paper's difference. */
    REPRODUCED("reproduced"),
    /** The whole interval is on the other side. */
    CONTRADICTED("contradicted"),
    /** Neither, or there are too few seeds, or all differences are equal. */
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
    if (n < 2) {
      return new PairedDifference(n, sample.mean(), Double.NaN, Double.NaN, Double.NaN);
    }
    double spread = sample.std() > ROUNDING ? sample.std() : 0;
    double half = TDistribution.of(n - 1).inverseSurvivalProbability(TAIL) * spread / Math.sqrt(n);
    return new PairedDifference(
        n,
        sample.mean(),
        sample.mean() - half,
        sample.mean() + half,
        spread > 0 ? sample.mean() / spread : Double.NaN);
  }

  /** Returns the verdict on a claimed difference. Only the sign of the claim counts. */
  public Verdict verdict(double claimed) {
    // Without any spread between seeds, nothing shows how large chance is.
    if (!(high > low) || claimed == 0 || (low <= 0 && high >= 0)) {
      return Verdict.UNDECIDED;
    }
    return low > 0 == claimed > 0 ? Verdict.REPRODUCED : Verdict.CONTRADICTED;
  }
}
