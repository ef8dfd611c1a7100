package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

class ConsoleProgressTest {
  private static final EpochMetrics METRICS =
      new EpochMetrics(1, 99, 0.1, 2, 0.2, 1.5, 0.25, 1.25, 0.5, null, null);
  private static final String LINE =
      "run  epoch 2/3  lr 0.2000  train loss 1.5000 mean IoU 0.2500  test loss 1.2500 mean IoU 0.5000"
          + "  3.2 s";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Shows an epoch; returns the text on standard error. */
  private String show(boolean terminal) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (ConsoleProgress progress =
        new ConsoleProgress(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "run",
            3,
            Metric.MEAN_IOU,
            terminal)) {
      progress.onProgress(1, 20, 50, 1.75);
      progress.onProgress(1, 50, 50, 1.5);
      progress.onEpoch(METRICS, 3.21);
    }
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void withoutATerminalOnlyALineIsShown() {
    assertThat(show(false)).isEmpty();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(LINE + System.lineSeparator());
  }

  @Test
  void aTerminalAlsoShowsABarWithTheTimeLeft() {
    assertThat(show(true)).contains("epoch 2/3", "run 0 s left, loss 1.5000");
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(LINE + System.lineSeparator());
  }
}
