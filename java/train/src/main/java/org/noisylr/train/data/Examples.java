package org.noisylr.train.data;

import org.bytedeco.pytorch.Tensor;
import org.noisylr.train.metric.Score;

/** Labelled examples in the memory of a device, which they own, as the trainer takes them. */
public interface Examples extends AutoCloseable {
  /** N, the number of examples. */
  int count();

  /** The number of classes. */
  int classes();

  /**
   * Chosen examples, changed at random where that is part of training on them.
   *
   * @param indices {@code int64 [B]} on the device, in [0, N)
   * @return owned by the caller
   */
  Batch training(Tensor indices);

  /** How many examples to evaluate at a time, which bounds the memory that it takes. */
  int evaluationBatch();

  /** A score of predictions on these examples that has counted nothing; on their device. */
  Score newScore();

  /** Examples {@code first} … {@code first + length − 1} as they are; owned by the caller. */
  Batch evaluation(long first, long length);

  @Override
  void close();
}
