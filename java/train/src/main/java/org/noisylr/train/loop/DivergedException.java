package org.noisylr.train.loop;

/** The training loss became NaN or infinite. The message names epoch, step and learning rate. */
public final class DivergedException extends RuntimeException {
  DivergedException(int epoch, long step, double lr, double loss) {
    super(
        "the training loss became %s in epoch %d at step %d, with learning rate %s"
            .formatted(loss, epoch, step, lr));
  }
}
