package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command; its result is the exit code of the program. */
abstract class Subcommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  final CommandSpec spec() {
    return spec;
  }

  final CommandLine commandLine() {
    return spec.commandLine();
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Returns the command line that starts this program, for messages. */
  static String program() {
    String jar = System.getProperty("java.class.path");
    return jar.endsWith(".jar") && !jar.contains(File.pathSeparator)
        ? "java -jar " + quoted(Path.of(jar))
        : "noisylr";
  }

  /** Says how to continue a command that was stopped and saved. Returns the exit code. */
  final int reportStopped(String reason) {
    String arguments =
        spec.root().commandLine().getParseResult().originalArgs().stream()
            .map(Subcommand::quoted)
            .collect(joining(" "));
    err().printf("noisylr: %s; continue with: %s %s%n", reason, program(), arguments);
    return Noisylr.RUN_FAILED;
  }

  /** Quotes a path for a shell. */
  static String quoted(Path path) {
    return quoted(path.toString());
  }

  static String quoted(String text) {
    return text.matches("[\\w./+,:@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
