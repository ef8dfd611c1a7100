package org.noisylr.train.loop;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.noisylr.train.metric.EpochMetrics;

/**
 * Shows a run on a console: a bar for the epoch in progress where the console is a terminal, and
 * one plain line an epoch everywhere.
 */
public final class ConsoleProgress implements TrainingListener, AutoCloseable {
  private final PrintStream out;
  private final PrintStream err;
  private final String name;
  private final int epochs;
  private final boolean terminal;
  private ProgressBar bar;

  /**
   * @param out where lines go; the bar goes to standard error
   * @param name the run's name, put before each line; may be empty
   * @param epochs number of epochs of the run
   */
  public ConsoleProgress(PrintStream out, String name, int epochs) {
    this(out, System.err, name, epochs, isTerminal());
  }

  ConsoleProgress(PrintStream out, PrintStream err, String name, int epochs, boolean terminal) {
    this.out = out;
    this.err = err;
    this.name = name.isEmpty() ? "" : name + "  ";
    this.epochs = epochs;
    this.terminal = terminal;
  }

  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      // From Java 22 on there is a console without a terminal too, and this method tells.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {
    if (!terminal) {
      return;
    }
    if (bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name + "epoch " + (epoch + 1) + "/" + epochs)
              .setInitialMax(stepsPerEpoch)
              .setConsumer(new ConsoleProgressBarConsumer(err))
              .setStyle(ProgressBarStyle.UNICODE_BLOCK)
              .clearDisplayOnFinish()
              .build();
    }
    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", loss));
    bar.stepTo(stepsDone);
  }

  @Override
  public void onEpoch(EpochMetrics m) {
    close();
    out.printf(
        Locale.ROOT,
        "%sepoch %d/%d  lr %.4g  train loss %.4f acc %.4f  test loss %.4f acc %.4f  %.1f s%n",
        name,
        m.epoch() + 1,
        epochs,
        m.lr(),
        m.trainLoss(),
        m.trainAcc(),
        m.testLoss(),
        m.testAcc(),
        m.seconds());
  }

  /** Removes the bar, if one is shown. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
