package org.noisylr.train.console;

import java.io.Console;
import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** The terminal that a user watches. */
public final class Terminal {
  /** Columns of a progress bar. Measuring the terminal would take over its Ctrl-C: JLine does. */
  private static final int BAR_WIDTH = 79;

  private Terminal() {}

  /** Returns whether standard input and output are a terminal. */
  private static boolean isInteractive() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      // Since Java 22, a console may exist without a terminal.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns whether {@code out} is standard output on a terminal. */
  public static boolean isInteractive(PrintStream out) {
    return out == System.out && isInteractive();
  }

  /** Returns a duration in words, {@code 12 min} for instance. */
  public static String words(double seconds) {
    long minutes = Math.round(seconds / 60);
    if (seconds < 59.5) {
      return Math.round(seconds) + " s";
    }
    return minutes < 60 ? minutes + " min" : minutes / 60 + " h " + minutes % 60 + " min";
  }

  /** Returns a progress bar on {@code err} that is removed when it ends. */
  public static ProgressBarBuilder bar(PrintStream err) {
    return new ProgressBarBuilder()
        .setConsumer(new ConsoleProgressBarConsumer(err, BAR_WIDTH))
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .clearDisplayOnFinish();
  }
}
