package org.noisylr.train.loop;

/**
 * The loss, a parameter or a state of the optimizer became NaN or infinite. The message names what
 * diverged, the epoch and the step, counted from 1, and the learning rate.
 */
public final class DivergedException extends RuntimeException {
  DivergedException(String what, String value, int epoch, long step, double lr) {
    super(
        "%s became %s in epoch %d at step %d of the run, with learning rate %s"
            .formatted(what, value, epoch + 1, step + 1, lr));
  }
}
