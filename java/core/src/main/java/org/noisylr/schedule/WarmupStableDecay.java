package org.noisylr.schedule;

import org.noisylr.check.Check;

/**
 * Warm-up, stable, decay (Hu et al. 2024, "MiniCPM", section 4): the rate rises linearly from 0 to
 * lr over warmupEpochs, stays there, and falls linearly to finalLr over the last decayEpochs.
 *
 * @param lr in [0, inf)
 * @param finalLr the rate from {@code epochs} on, in [0, lr]
 * @param epochs the whole length, fractions allowed, at least warmupEpochs + decayEpochs
 * @param warmupEpochs fractions allowed, in [0, inf)
 * @param decayEpochs fractions allowed, in (0, inf)
 */
public record WarmupStableDecay(
    double lr, double finalLr, double epochs, double warmupEpochs, double decayEpochs)
    implements Schedule {
  private static final double ROUNDED = 1 - 0x1p-40;

  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public WarmupStableDecay {
    Check.nonNegative("lr", lr);
    Check.within("finalLr", finalLr, 0, lr);
    Check.nonNegative("warmupEpochs", warmupEpochs);
    Check.positive("decayEpochs", decayEpochs);
    Check.positive("epochs", epochs);
    double least = warmupEpochs + decayEpochs;
    if (epochs < least * ROUNDED) {
      throw Check.invalid("epochs", epochs, "at least " + least);
    }
  }

  @Override
  public double lr(long step, long stepsPerEpoch) {
    double epoch = new Progress(step, stepsPerEpoch).periods(1);
    if (epoch < warmupEpochs) {
      return lr * (epoch / warmupEpochs);
    }
    double decayed = Math.max(epoch - (epochs - decayEpochs), 0) / decayEpochs;
    return Progress.interpolate(lr, finalLr, Math.min(decayed, 1));
  }
}
