package org.noisylr.train.process;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines that start this program once more. */
public final class JavaProgram {
  private JavaProgram() {}

  /**
   * Returns the command line of a JVM with this one's class path and {@code -X} and {@code -D}
   * options.
   *
   * @param program the main class and its arguments
   */
  public static List<String> command(List<String> program) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-X") || argument.startsWith("-D"))
        .forEach(command::add);
    command.add("--enable-native-access=ALL-UNNAMED"); // Java 24 and newer warn without it
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.addAll(program);
    return command;
  }
}
