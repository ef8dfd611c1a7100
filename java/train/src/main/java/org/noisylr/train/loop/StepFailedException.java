package org.noisylr.train.loop;

import org.noisylr.check.Reason;

/**
 * LibTorch failed in a step or in the evaluation after an epoch. The message names epoch and step
 * and gives the reason in one line.
 */
public final class StepFailedException extends RuntimeException {
  StepFailedException(int epoch, long step, RuntimeException cause) {
    super(
        "epoch %d failed at step %d of the run: %s"
            .formatted(epoch + 1, step + 1, Reason.firstLine(cause)),
        cause);
  }

  StepFailedException(int epoch, RuntimeException cause) {
    super(
        "the evaluation after epoch %d failed: %s".formatted(epoch + 1, Reason.firstLine(cause)),
        cause);
  }
}
