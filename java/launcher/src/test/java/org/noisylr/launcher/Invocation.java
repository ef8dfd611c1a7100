package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * A command that was run in this JVM.
 *
 * @param out all that it wrote to standard output
 * @param err all that it wrote to standard error through picocli
 */
record Invocation(int exit, String out, String err) {
  /** Runs a command line without quotes. */
  static Invocation of(String line) {
    return of(line.split(" "));
  }

  /** Runs a command line without quotes to its successful end. */
  static void finish(String line) {
    Invocation outcome = of(line);
    assertThat(outcome.exit()).as(outcome::toString).isZero();
  }

  static Invocation of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    PrintStream before = System.out;
    // An earlier command may have been quiet.
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
    System.setOut(new PrintStream(stdout, true, StandardCharsets.UTF_8));
    try {
      CommandLine commandLine = Noisylr.commandLine();
      commandLine.setOut(new PrintWriter(out, true));
      commandLine.setErr(new PrintWriter(err, true));
      int exit = Noisylr.run(commandLine, arguments);
      return new Invocation(exit, out + stdout.toString(StandardCharsets.UTF_8), err.toString());
    } finally {
      System.setOut(before);
    }
  }
}
