package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

/**
 * The outcome of a run.
 *
 * @param metric the meaning of the scores, which are fractions
 * @param bestTestAcc the test score of the best epoch; as reported in the paper if the best epoch
 *     is the one with the highest test score
 * @param bestValidationAcc the validation score of the best epoch; null without validation examples
 * @param bestEpoch the first epoch with the highest validation score, or test score if there are no
 *     validation examples, zero-based
 * @param lastTestAcc the test score after the last epoch
 * @param lastTrainAcc the training score during the last epoch
 * @param epochs the number of epochs
 * @param parameters the number of trainable values of the model
 */
public record RunResult(
    Metric metric,
    double bestTestAcc,
    @JsonInclude(JsonInclude.Include.NON_NULL) Double bestValidationAcc,
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
    EpochMetrics best = Selection.best(metrics);
    EpochMetrics last = metrics.get(metrics.size() - 1);
    return new RunResult(
        metric,
        best.testAcc(),
        best.validationAcc(),
        best.epoch(),
        last.testAcc(),
        last.trainAcc(),
        metrics.size(),
        parameters);
  }
}
