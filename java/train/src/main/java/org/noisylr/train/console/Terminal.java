package org.noisylr.train.console;

import java.io.Console;
import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** What is shown to somebody who watches. */
public final class Terminal {
  private Terminal() {}

  /** Whether somebody can watch: standard input and output are a terminal. */
  public static boolean isThere() {
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

  /** A progress bar on {@code err} that leaves no trace when it is done. */
  public static ProgressBarBuilder bar(PrintStream err) {
    return new ProgressBarBuilder()
        .setConsumer(new ConsoleProgressBarConsumer(err))
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .clearDisplayOnFinish();
  }
}
