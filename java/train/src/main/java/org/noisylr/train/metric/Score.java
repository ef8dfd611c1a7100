package org.noisylr.train.metric;

import org.bytedeco.pytorch.Tensor;

/**
 * Counts correct predictions on a device, batch by batch. Create it outside the pointer scope of a
 * batch, which would free its tensors.
 */
public interface Score {
  /**
   * Counts a batch.
   *
   * @param logits {@code [B, classes, …]}, without autograd history
   * @param targets {@code int64 [B, …]}; {@link #IGNORED} targets are not counted
   */
  void add(Tensor logits, Tensor targets);

  /** Returns the score of all batches so far, a fraction; waits for the device. */
  double value();

  /** Returns the counts so far, which determine {@link #value}; owned by this score. */
  Tensor counts();

  /** Continues from saved {@link #counts} of the same shape and type. */
  void restore(Tensor counts);

  /** The target that scores and LibTorch's cross-entropy ignore. */
  long IGNORED = -100;
}
