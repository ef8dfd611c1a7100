package org.noisylr.train.loop;

import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.data.Augmentation;

/**
 * What determines a training run, given a model and data.
 *
 * @param optimizer the optimizer
 * @param schedule the base learning rate
 * @param noise the noise on it
 * @param epochs number of passes over the training images, at least 1
 * @param batchSize images a step, at least 1; the last batch of an epoch may be smaller
 * @param augmentation what is done to training images
 * @param precision the arithmetic of the forward pass
 * @param seed of the weights, the order of the images and their augmentation
 */
public record TrainingConfig(
    OptimizerSpec optimizer,
    Schedule schedule,
    NoiseSpec noise,
    int epochs,
    int batchSize,
    Augmentation augmentation,
    Precision precision,
    long seed) {
  /** Validates the values. */
  public TrainingConfig {
    Check.required("optimizer", optimizer);
    Check.required("schedule", schedule);
    Check.required("noise", noise);
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("batch size", batchSize, 1);
    Check.required("augmentation", augmentation);
    Check.required("precision", precision);
  }
}
