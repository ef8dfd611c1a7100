package org.noisylr.experiment.plan;

import java.util.Locale;

/** How much of the paper's training an experiment does. */
public enum Scale {
  /** As in the paper. */
  FULL(1, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
  /** Half of the epochs, all else as in the paper. */
  HALF(2, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
  /** Trains a compared pair of rows in one to two hours on two cores. */
  TINY(20, 10_000, 2_000, Integer.MAX_VALUE),
  /** Trains every cell in minutes, which shows that it runs. */
  SMOKE(40, 64, 64, 2);

  private final int divisor;
  private final int trainCount;
  private final int testCount;
  private final int seeds;

  Scale(int divisor, int trainCount, int testCount, int seeds) {
    this.divisor = divisor;
    this.trainCount = trainCount;
    this.testCount = testCount;
    this.seeds = seeds;
  }

  /**
   * Returns the number of epochs that replaces the paper's: a fraction of it, rounded, and at least
   * 2 if the experiment has them, so that the last one can have noise.
   */
  int epochs(int paperEpochs) {
    return Math.max(Math.min(2, paperEpochs), Math.round((float) paperEpochs / divisor));
  }

  /** Returns the greatest number of training examples. */
  int trainCount() {
    return trainCount;
  }

  /** Returns the greatest number of test examples. */
  int testCount() {
    return testCount;
  }

  /** Returns the number of seeds that replaces the paper's. */
  int seeds(int paperSeeds) {
    return Math.min(paperSeeds, seeds);
  }

  /** Returns whether reports judge the differences between cells. */
  public boolean judged() {
    return this != SMOKE;
  }

  /** Returns all rules in one sentence. */
  public String rules() {
    if (this == FULL) {
      return "all epochs and examples";
    }
    String rules = "epochs, milestones, cycles and decays divided by %d".formatted(divisor);
    if (trainCount < Integer.MAX_VALUE) {
      rules +=
          ", at most the first %,d training and %,d test examples".formatted(trainCount, testCount);
    }
    return seeds < Integer.MAX_VALUE
        ? rules + "; at most two seeds unless --seeds sets their number"
        : rules;
  }

  /** Returns the phrase for titles: empty at full scale, else {@code " at tiny scale"}. */
  public String suffix() {
    return this == FULL ? "" : " at " + this + " scale";
  }

  /** Returns the name on the command line and in files. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
