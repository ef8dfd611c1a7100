package org.noisylr.train.loop;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.train.console.Terminal;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

/** Shows a run on a console: one line per epoch and, on a terminal, a progress bar. */
public final class ConsoleProgress implements TrainingListener, AutoCloseable {
  private final PrintStream out;
  private final PrintStream err;
  private final String name;
  private final int epochs;
  private final Metric metric;
  private final boolean terminal;
  private ProgressBar bar;

  /** Where this process started to measure its speed: steps of the run, and nanoseconds. */
  private long firstStep = -1;

  private long start;

  /**
   * Shows lines on {@code out} and, if that is standard output on a terminal, the bar on standard
   * error.
   *
   * @param name the run's name at the start of each line; may be empty
   * @param epochs the number of epochs of the run
   * @param metric the meaning of the run's scores
   */
  public ConsoleProgress(PrintStream out, String name, int epochs, Metric metric) {
    this(out, System.err, name, epochs, metric, Terminal.isInteractive(out));
  }

  ConsoleProgress(
      PrintStream out, PrintStream err, String name, int epochs, Metric metric, boolean terminal) {
    this.out = out;
    this.err = err;
    this.name = name.isEmpty() ? "" : name + "  ";
    this.epochs = epochs;
    this.metric = metric;
    this.terminal = terminal;
  }

  @Override
  public void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {
    if (!terminal) {
      return;
    }
    if (bar == null) {
      bar =
          Terminal.bar(err)
              .setTaskName(name + "epoch " + (epoch + 1) + "/" + epochs)
              .setInitialMax(stepsPerEpoch)
              .startsFrom(stepsDone, Duration.ZERO)
              .build();
    }
    bar.setExtraMessage(
        String.format(
            Locale.ROOT,
            " %sloss %.4f",
            timeLeft((long) epoch * stepsPerEpoch + stepsDone, (long) epochs * stepsPerEpoch),
            loss));
    bar.stepTo(stepsDone);
  }

  /** Returns the time that the run still takes at the speed of this process, once known. */
  private String timeLeft(long step, long steps) {
    long now = System.nanoTime();
    if (firstStep < 0) {
      firstStep = step;
      start = now;
    }
    return step == firstStep
        ? ""
        : "run %s left, "
            .formatted(Terminal.words((now - start) * 1e-9 * (steps - step) / (step - firstStep)));
  }

  @Override
  public void onEpoch(EpochMetrics m, double seconds) {
    close();
    out.printf(
        Locale.ROOT,
        "%sepoch %d/%d  lr %.4g  train loss %.4f %s %.4f%s  test loss %.4f %s %.4f  %.1f s%n",
        name,
        m.epoch() + 1,
        epochs,
        m.lr(),
        m.trainLoss(),
        metric.title(),
        m.trainAcc(),
        m.validationAcc() == null
            ? ""
            : String.format(
                Locale.ROOT,
                "  validation loss %.4f %s %.4f",
                m.validationLoss(),
                metric.title(),
                m.validationAcc()),
        m.testLoss(),
        metric.title(),
        m.testAcc(),
        seconds);
  }

  /** Removes the bar if it is shown. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
