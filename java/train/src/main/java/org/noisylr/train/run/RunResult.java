package org.noisylr.train.run;

import java.util.Comparator;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

/**
 * The outcome of a run.
 *
 * @param metric the meaning of the scores, which are fractions
 * @param bestTestAcc the highest test score of all epochs, as reported in the paper
 * @param bestEpoch the first epoch with that score, zero-based
 * @param lastTestAcc the test score after the last epoch
 * @param lastTrainAcc the training score during the last epoch
 * @param epochs the number of epochs
 * @param parameters the number of trainable values of the model
 */
public record RunResult(
    Metric metric,
    double bestTestAcc,
    int bestEpoch,
    double lastTestAcc,
    double lastTrainAcc,
    int epochs,
    long parameters) {
  /** Validates the values. */
  public RunResult {
    Check.required("metric", metric);
  }

  /**
   * Returns the generalisation gap: training score minus test score of the last epoch, a fraction.
   */
  public double generalisationGap() {
    return lastTrainAcc - lastTestAcc;
  }

  static RunResult of(Metric metric, List<EpochMetrics> metrics, long parameters) {
    EpochMetrics best = best(metrics);
    EpochMetrics last = metrics.get(metrics.size() - 1);
    return new RunResult(
        metric,
        best.testAcc(),
        best.epoch(),
        last.testAcc(),
        last.trainAcc(),
        metrics.size(),
        parameters);
  }

  /** Returns the first epoch with the highest test score. */
  static EpochMetrics best(List<EpochMetrics> metrics) {
    return metrics.stream()
        .max(
            Comparator.comparingDouble(EpochMetrics::testAcc)
                .thenComparing(EpochMetrics::epoch, Comparator.reverseOrder()))
        .orElseThrow();
  }
}
