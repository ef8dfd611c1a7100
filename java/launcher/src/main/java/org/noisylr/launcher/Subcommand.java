package org.noisylr.launcher;

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

  /** Quotes a path for a shell. */
  static String quoted(Path path) {
    String text = path.toString();
    return text.matches("[\\w./+,:@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
