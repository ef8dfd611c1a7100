package org.noisylr.experiment.job;

import java.util.Locale;
import java.util.function.Consumer;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/** Reports the progress of a run at the end of an epoch, at most once a minute. */
final class Heartbeat implements TrainingListener {
  private static final long INTERVAL_NANOS = 60_000_000_000L;

  private final int epochs;
  private final Consumer<String> out;
  private long last = System.nanoTime();

  Heartbeat(int epochs, Consumer<String> out) {
    this.epochs = epochs;
    this.out = out;
  }

  @Override
  public void onEpoch(EpochMetrics metrics, double seconds) {
    long now = System.nanoTime();
    if (now - last >= INTERVAL_NANOS && metrics.epoch() + 1 < epochs) {
      last = now;
      out.accept(
          String.format(
              Locale.ROOT,
              "epoch %d of %d, test %.2f %%",
              metrics.epoch() + 1,
              epochs,
              100 * metrics.testAcc()));
    }
  }
}
