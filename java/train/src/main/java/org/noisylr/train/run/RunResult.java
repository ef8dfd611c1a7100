package org.noisylr.train.run;

import java.util.Comparator;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

/**
 * The outcome of a run.
 *
 * @param metric what the scores are
 * @param bestTestAcc highest test score of any epoch, which the paper reports; a fraction
 * @param bestEpoch the first epoch that reached it, zero-based
 * @param lastTestAcc test score after the last epoch
 * @param lastTrainAcc training score during the last epoch
 * @param epochs number of epochs
 * @param parameters number of trainable values of the model
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

  /** Training score less test score after the last epoch: the generalisation gap, a fraction. */
  public double generalisationGap() {
    return lastTrainAcc - lastTestAcc;
  }

  static RunResult of(Metric metric, List<EpochMetrics> metrics, long parameters) {
    EpochMetrics best =
        metrics.stream()
            .max(
                Comparator.comparingDouble(EpochMetrics::testAcc)
                    .thenComparing(EpochMetrics::epoch, Comparator.reverseOrder()))
            .orElseThrow();
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
}
