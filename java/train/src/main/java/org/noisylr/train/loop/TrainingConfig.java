package org.noisylr.train.loop;

import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.data.Augmentation;

/**
 * The settings of the training loop. Together with the model and the data, they determine a run.
 *
 * @param optimizer the optimizer
 * @param schedule the base learning rate; a run in a folder requires a named schedule
 * @param noise the noise on it, without steps per epoch, because the trainer sets the epochs
 * @param epochs the number of passes over the training examples, at least 1
 * @param batchSize the number of examples in a batch, at least 1; the last batch of an epoch may be
 *     smaller
 * @param augmentation the random changes of training examples
 * @param precision the arithmetic of the forward pass
 * @param update how gradients become a step
 * @param seed seeds the weights, the order of the examples and their augmentation
 */
public record TrainingConfig(
    OptimizerSpec optimizer,
    Schedule schedule,
    NoiseSpec noise,
    int epochs,
    int batchSize,
    Augmentation augmentation,
    Precision precision,
    UpdateOptions update,
    long seed) {
  /** Validates the values. */
  public TrainingConfig {
    Check.required("optimizer", optimizer);
    Check.required("schedule", schedule);
    Check.required("noise", noise);
    if (noise.stepsPerEpoch() != 0) {
      throw Check.invalid("noise.stepsPerEpoch", noise.stepsPerEpoch(), "0");
    }
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("batch size", batchSize, 1);
    Check.required("augmentation", augmentation);
    Check.required("precision", precision);
    Check.required("update", update);
    if (optimizer.kind().isL4() && update.clipNorm() != null) {
      throw Check.invalid("clip norm", update.clipNorm(), "unset for L4");
    }
  }

  /** Returns these settings with the epochs, schedule and noise window of others. */
  public TrainingConfig withLengthOf(TrainingConfig other) {
    return new TrainingConfig(
        optimizer,
        other.schedule,
        noise.fromEpoch(other.noise.firstEpoch()),
        other.epochs,
        batchSize,
        augmentation,
        precision,
        update,
        seed);
  }
}
