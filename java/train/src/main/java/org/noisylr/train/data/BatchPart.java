package org.noisylr.train.data;

import org.bytedeco.pytorch.Tensor;

/**
 * The consecutive examples of a batch that one process computes.
 *
 * @param first the first example, in [0, batch]
 * @param length the number of examples, at least 0
 * @param batch the number of examples of the whole batch
 */
public record BatchPart(int first, int length, int batch) {
  /** Returns the whole batch. */
  public static BatchPart whole(int batch) {
    return new BatchPart(0, batch, batch);
  }

  /** Returns a rank's part: the parts have no overlap, and their lengths differ by at most 1. */
  public static BatchPart of(int batch, int rank, int ranks) {
    int first = (int) ((long) batch * rank / ranks);
    int end = (int) ((long) batch * (rank + 1) / ranks);
    return new BatchPart(first, end - first, batch);
  }

  /** Returns this part or, if it is empty, a part of one example. */
  public BatchPart orOneExample() {
    return length > 0 ? this : new BatchPart(Math.min(first, batch - 1), 1, batch);
  }

  /**
   * Returns this part of the values of a whole batch.
   *
   * @param values {@code [batch, …]}
   */
  Tensor of(Tensor values) {
    return length == batch ? values : values.narrow(0, first, length);
  }
}
