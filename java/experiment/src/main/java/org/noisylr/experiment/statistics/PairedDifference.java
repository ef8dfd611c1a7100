package org.noisylr.experiment.statistics;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * By how much the noisy runs score higher than those without noise, seed by seed.
 *
 * @param n number of seeds
 * @param mean of the differences, in the scores' units
 * @param low end of the 95 % interval of the mean, by Student's t with n − 1 degrees of freedom;
 *     NaN for a single seed
 * @param high the other end
 * @param effect mean over standard deviation of the differences (Cohen's d of paired samples); NaN
 *     for a single seed or where all differences are the same
 */
public record PairedDifference(int n, double mean, double low, double high, double effect) {
  private static final double TAIL = 0.025;

  /** Scores are fractions of whole numbers: what differs by less is equal. */
  private static final double ROUNDING = 1e-12;

  /** What a paired difference says about the paper's claim. */
  public enum Verdict {
    /** The whole interval lies on the side of 0 that the paper's difference is on. */
    REPRODUCED("reproduced"),
    /** The whole interval lies on the other side. */
    CONTRADICTED("contradicted"),
    /** Neither, or too few seeds, or all differences are the same. */
    UNDECIDED("undecided at this n"),
    /** The scale or the data are not made for judging. */
    NOT_JUDGED("not judged"),
    /** The cells differ in their data, number of examples, epochs or backbone. */
    NOT_COMPARABLE("not comparable"),
    /** Runs are missing. */
    INCOMPLETE("runs missing"),
    /** Nothing was run for a cell. */
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

  /** Of one difference a seed, at least one. */
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

  /** The verdict on a claimed difference, of which only the sign counts. */
  public Verdict verdict(double claimed) {
    // Without any spread between seeds there is nothing to tell chance by.
    if (!(high > low) || claimed == 0 || (low <= 0 && high >= 0)) {
      return Verdict.UNDECIDED;
    }
    return low > 0 == claimed > 0 ? Verdict.REPRODUCED : Verdict.CONTRADICTED;
  }
}
