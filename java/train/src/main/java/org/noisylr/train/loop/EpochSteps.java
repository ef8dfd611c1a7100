package org.noisylr.train.loop;

/**
 * The steps of one epoch: their numbers, batches and learning rates. Steps are counted from 0.
 *
 * @param config the settings
 * @param epoch zero-based
 * @param examples the number of training examples
 */
record EpochSteps(TrainingConfig config, int epoch, int examples) {
  /** Returns the number of steps; the last one may have fewer examples than the others. */
  int count() {
    return (int) ((examples + examplesPerStep() - 1) / examplesPerStep());
  }

  /** Returns the number of a step, counted over the whole run. */
  long number(int step) {
    return (long) epoch * count() + step;
  }

  /** Returns the number of the last step, counted over the whole run. */
  long last() {
    return number(count() - 1);
  }

  private long examplesPerStep() {
    return (long) config.batchSize() * config.update().accumulate();
  }

  int firstExample(int step) {
    return (int) (step * examplesPerStep());
  }

  int batchSize(int step) {
    return (int) Math.min(examplesPerStep(), examples - firstExample(step));
  }

  double baseLr(int step) {
    return config.schedule().lr(number(step), count());
  }

  /** Returns the learning rate after noise. */
  double realisedLr(int step) {
    return config.noise().realised(baseLr(step), epoch, number(step), 0);
  }

  /** Returns the noise factor of the last step, before clamping. */
  double lastFactor() {
    return config.noise().factor(epoch, last(), 0);
  }
}
