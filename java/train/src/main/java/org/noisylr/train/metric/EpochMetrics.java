package org.noisylr.train.metric;

/**
 * What is known at the end of an epoch.
 *
 * @param epoch zero-based
 * @param step zero-based number of the epoch's last step, counted over the whole run
 * @param baseLr the schedule's learning rate at that step
 * @param factor the noise factor at that step, before clamping
 * @param lr the realised learning rate at that step
 * @param trainLoss mean loss over the epoch's training examples, as they were trained on
 * @param trainAcc the score on them, a fraction: top-1 accuracy, or what {@link Metric} the dataset
 *     names
 * @param testLoss mean loss over the test examples after the epoch
 * @param testAcc the score on them, a fraction
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
    double testAcc) {}
