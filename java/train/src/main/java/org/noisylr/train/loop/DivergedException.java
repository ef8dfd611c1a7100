package org.noisylr.train.loop;

/**
 * The training or test loss became NaN or infinite. The message names epoch, step and learning
 * rate.
 */
public final class DivergedException extends RuntimeException {
  DivergedException(String kind, int epoch, long step, double lr, double loss) {
    super(
        "the %s loss became %s in epoch %d at step %d, with learning rate %s"
            .formatted(kind, loss, epoch, step, lr));
  }
}
