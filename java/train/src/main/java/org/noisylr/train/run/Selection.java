package org.noisylr.train.run;

import java.util.Comparator;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.metric.EpochMetrics;

/**
 * How the best epoch of a run is chosen, and when the run ends before its last epoch.
 *
 * @param validation the fraction of the training examples, in (0, 1), that are held out to choose
 *     the best epoch, see {@link org.noisylr.train.data.Dataset#holdOut}; null to choose it by the
 *     test examples, as the paper does
 * @param earlyStop the run ends after this number of epochs without a better score, at least 1;
 *     null for never
 */
public record Selection(Double validation, Integer earlyStop) {
  /** The best test score of all epochs. */
  public static final Selection BY_TEST = new Selection(null, null);

  /** Validates the values. */
  public Selection {
    if (validation != null && !(validation > 0 && validation < 1)) {
      throw Check.invalid("validation", validation, "in (0, 1)");
    }
    if (earlyStop != null) {
      Check.atLeast("early stop", earlyStop, 1);
    }
  }

  /** Returns the first epoch with the highest score. */
  static EpochMetrics best(List<EpochMetrics> metrics) {
    return metrics.stream()
        .max(
            Comparator.comparingDouble(EpochMetrics::selectionAcc)
                .thenComparing(EpochMetrics::epoch, Comparator.reverseOrder()))
        .orElseThrow();
  }

  /** Returns whether a run ends early after these epochs. */
  boolean isOver(List<EpochMetrics> metrics) {
    return earlyStop != null
        && !metrics.isEmpty()
        && metrics.size() - 1 - best(metrics).epoch() >= earlyStop;
  }
}
