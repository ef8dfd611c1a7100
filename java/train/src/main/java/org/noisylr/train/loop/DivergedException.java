package org.noisylr.train.loop;

/**
 * The loss, a parameter or a state of the optimizer became NaN or infinite. The message names what
 * diverged, the epoch, the step and the learning rate.
 */
public final class DivergedException extends RuntimeException {
  DivergedException(String what, String value, int epoch, long step, double lr) {
    super(
        "%s became %s in epoch %d at step %d (both from 0), with learning rate %s"
            .formatted(what, value, epoch, step, lr));
  }
}
