package org.noisylr.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.OutputStream;
import java.io.PrintStream;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** The option for a command that shows results, warnings and errors only. */
final class QuietOption {
  private boolean quiet;

  @Option(names = "--quiet")
  private void quiet(boolean value) {
    quiet = value;
    if (quiet) {
      ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    }
  }

  /** Returns the stream for progress. */
  PrintStream progress() {
    return quiet ? new PrintStream(OutputStream.nullOutputStream()) : System.out;
  }

  /** Returns the stream for errors among the progress. */
  PrintStream errors() {
    return quiet ? System.err : System.out;
  }
}
