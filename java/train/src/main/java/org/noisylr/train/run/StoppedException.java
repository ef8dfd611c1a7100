package org.noisylr.train.run;

/**
 * A run was stopped by a {@link org.noisylr.train.loop.StopSignal} after it saved its progress. The
 * message states the progress.
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
