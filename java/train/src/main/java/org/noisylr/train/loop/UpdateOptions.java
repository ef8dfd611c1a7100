package org.noisylr.train.loop;

import org.noisylr.check.Check;

/**
 * How the gradients of batches become an update of the weights.
 *
 * @param accumulate the number of batches whose gradients make an update, at least 1; schedule and
 *     noise advance with the updates
 * @param clipNorm gradients with a greater L2 norm, over all parameters together, are scaled to
 *     this norm; greater than 0, or null for no limit
 * @param labelSmoothing the share of a target that is spread evenly over all classes, in [0, 1), of
 *     the training loss only (Szegedy et al. 2016)
 * @param ema d in [0, 1): the weights that are evaluated and kept are the average a ← d·a + (1 −
 *     d)·w of the weights w after each update, with floating-point buffers, and start with the
 *     initial ones; null for the weights themselves
 */
public record UpdateOptions(int accumulate, Double clipNorm, double labelSmoothing, Double ema) {
  /** An update for each batch, with its gradients as they are. */
  public static final UpdateOptions PLAIN = new UpdateOptions(1, null, 0, null);

  /** Validates the values. */
  public UpdateOptions {
    Check.atLeast("accumulate", accumulate, 1);
    if (clipNorm != null) {
      Check.positive("clip norm", clipNorm);
    }
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw Check.invalid("label smoothing", labelSmoothing, "in [0, 1)");
    }
    if (ema != null && !(ema >= 0 && ema < 1)) {
      throw Check.invalid("ema", ema, "in [0, 1)");
    }
  }
}
