package org.noisylr.train.metric;

import org.bytedeco.pytorch.Tensor;

/**
 * Counts on a device, batch by batch, what a model gets right. Make it outside of the pointer scope
 * of a batch, in which its tensors would be freed.
 */
public interface Score {
  /**
   * Counts a batch.
   *
   * @param logits {@code [B, classes, …]}, without autograd history
   * @param targets {@code int64 [B, …]}; {@link #IGNORED} does not count
   */
  void add(Tensor logits, Tensor targets);

  /** The score of all batches so far, a fraction; waits for the device. */
  double value();

  /** What was counted so far, all that {@link #value} depends on; owned by this score. */
  Tensor counts();

  /** Goes on from what {@link #counts} answered, of the same shape and type. */
  void restore(Tensor counts);

  /** The target that neither scores nor LibTorch's cross-entropy look at. */
  long IGNORED = -100;
}
