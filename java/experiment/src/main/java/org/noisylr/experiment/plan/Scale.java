package org.noisylr.experiment.plan;

import java.util.Locale;

/** How much of the paper's training is done. */
public enum Scale {
  /** As the paper says. */
  FULL(1, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
  /** Half of the epochs, all else as the paper says. */
  HALF(2, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
  /** What two CPU cores can do in an hour or two a pair of rows. */
  TINY(20, 10_000, 2_000, Integer.MAX_VALUE),
  /** Every cell in minutes, to see that it runs. */
  SMOKE(40, 64, 64, 2);

  private final int divisor;
  private final int train;
  private final int test;
  private final int seeds;

  Scale(int divisor, int train, int test, int seeds) {
    this.divisor = divisor;
    this.train = train;
    this.test = test;
    this.seeds = seeds;
  }

  /** The number of epochs in place of {@code epochs}: a part of them, rounded, at least 1. */
  int epochs(int epochs) {
    return Math.max(1, Math.round((float) epochs / divisor));
  }

  /** The greatest number of training examples. */
  int train() {
    return train;
  }

  /** The greatest number of test examples. */
  int test() {
    return test;
  }

  /** The number of seeds in place of {@code seeds}. */
  int seeds(int paperSeeds) {
    return Math.min(paperSeeds, seeds);
  }

  /** Whether anything can be learnt from the numbers. */
  public boolean judged() {
    return this != SMOKE;
  }

  /** The rules in one sentence. */
  public String rules() {
    if (this == FULL) {
      return "all epochs and examples";
    }
    String rules =
        "epochs divided by %d, milestones, cycles and decays with them".formatted(divisor);
    if (train < Integer.MAX_VALUE) {
      rules += ", at most the first %,d training and %,d test examples".formatted(train, test);
    }
    return seeds < Integer.MAX_VALUE ? rules + "; two seeds unless --seeds says otherwise" : rules;
  }

  /** The name on the command line and in files. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
