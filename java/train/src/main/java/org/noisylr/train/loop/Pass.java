package org.noisylr.train.loop;

import org.bytedeco.pytorch.Tensor;

/**
 * The result of this rank's forward and backward pass of a batch; the gradients are in the
 * parameters.
 *
 * @param loss this rank's share of the step's mean cross-entropy
 * @param logits the model's output
 * @param targets the classes
 */
record Pass(Tensor loss, Tensor logits, Tensor targets) implements AutoCloseable {
  /** Keeps the tensors when their pointer scope ends; {@link #close} frees them. */
  void retain() {
    loss.retainReference();
    logits.retainReference();
    targets.retainReference();
  }

  @Override
  public void close() {
    loss.close();
    logits.close();
    targets.close();
  }
}
