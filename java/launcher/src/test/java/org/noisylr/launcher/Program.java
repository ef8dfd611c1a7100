package org.noisylr.launcher;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line in a process of its own. */
public final class Program {
  private Program() {}

  /**
   * Starts it.
   *
   * @param output where both its streams go
   */
  public static Process start(Path output, List<String> arguments) throws IOException {
    return start(output, List.of(), arguments);
  }

  /** The same with options of the JVM. */
  static Process start(Path output, List<String> options, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A quick start counts for more here than quick code.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    // Where the tests run with -Xcheck:jni, so does this.
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter("-Xcheck:jni"::equals)
        .forEach(command::add);
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Noisylr.class.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
        .start();
  }
}
