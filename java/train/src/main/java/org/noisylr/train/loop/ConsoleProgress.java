package org.noisylr.train.loop;

import java.io.PrintStream;
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

  /**
   * Shows lines on {@code out} and the bar on standard error.
   *
   * @param name the run's name at the start of each line; may be empty
   * @param epochs the number of epochs of the run
   * @param metric the meaning of the run's scores
   */
  public ConsoleProgress(PrintStream out, String name, int epochs, Metric metric) {
    this(out, System.err, name, epochs, metric, Terminal.isInteractive());
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
              .build();
    }
    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", loss));
    bar.stepTo(stepsDone);
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
