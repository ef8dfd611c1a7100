package org.noisylr.train.loop;

/** LibTorch refused a step. The message names epoch and step and says in one line why. */
public final class StepFailedException extends RuntimeException {
  StepFailedException(int epoch, long step, RuntimeException cause) {
    super(
        "epoch %d failed at step %d: %s"
            .formatted(
                epoch, step, String.valueOf(cause.getMessage()).lines().findFirst().orElse("")),
        cause);
  }
}
