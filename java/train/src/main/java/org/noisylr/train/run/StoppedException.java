package org.noisylr.train.run;

/**
 * A run was stopped, as a {@link org.noisylr.train.loop.StopSignal} asked; all that it has done is
 * saved. The message says how far it was.
 */
public final class StoppedException extends RuntimeException {
  StoppedException(int epochsDone, int epochs, int stepsDone, int steps) {
    super(
        stepsDone == 0
            ? "stopped after %d of %d epochs".formatted(epochsDone, epochs)
            : "stopped in epoch %d of %d after %d of its %d steps"
                .formatted(epochsDone + 1, epochs, stepsDone, steps));
  }
}
