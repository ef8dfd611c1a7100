package org.noisylr.train.data;

import org.bytedeco.pytorch.Tensor;
import org.noisylr.train.metric.Score;

/** Labelled examples on a device, which own their memory there. */
public interface Examples extends AutoCloseable {
  /** N, the number of examples. */
  int count();

  /** Returns the number of classes. */
  int classes();

  /**
   * Returns a part of a batch to train on, with random changes if augmentation is on. An example's
   * changes do not depend on how the batch is divided.
   *
   * @param indices of the whole batch: {@code int64 [B]} on the device, in [0, N)
   * @return owned by the caller
   */
  Batch training(Tensor indices, BatchPart part);

  /** Returns a whole batch to train on. */
  default Batch training(Tensor indices) {
    return training(indices, BatchPart.whole((int) indices.size(0)));
  }

  /** Returns the number of examples to evaluate at a time, which bounds the memory. */
  int evaluationBatch();

  /** Returns an empty score for predictions on these examples, on their device. */
  Score newScore();

  /**
   * Examples {@code first} … {@code first + length − 1} without random changes.
   *
   * @return owned by the caller
   */
  Batch evaluation(long first, long length);

  @Override
  void close();
}
