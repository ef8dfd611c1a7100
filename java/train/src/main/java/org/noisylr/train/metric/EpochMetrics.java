package org.noisylr.train.metric;

/**
 * The results of an epoch.
 *
 * @param epoch zero-based
 * @param step the zero-based number of the epoch's last step, counted over the whole run
 * @param baseLr the schedule's learning rate at that step
 * @param factor the noise factor at that step, before clamping
 * @param lr the realised learning rate at that step
 * @param trainLoss the mean loss of the training examples, each computed during its step
 * @param trainAcc the training score in the {@link Metric} of the dataset, a fraction
 * @param testLoss the mean loss of the test examples after the epoch
 * @param testAcc the test score after the epoch, a fraction
 * @param validationLoss the mean loss of the validation examples after the epoch; null without them
 * @param validationAcc the validation score after the epoch; null without them
 */
public record EpochMetrics(
    int epoch,
    long step,
    double baseLr,
    double factor,
    double lr,
    double trainLoss,
    double trainAcc,
    double testLoss,
    double testAcc,
    Double validationLoss,
    Double validationAcc) {
  /** Returns the score that chooses the best epoch: the validation score, else the test score. */
  public double selectionAcc() {
    return validationAcc == null ? testAcc : validationAcc;
  }
}
