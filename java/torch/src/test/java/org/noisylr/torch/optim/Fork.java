package org.noisylr.torch.optim;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM with the tests' class path. */
final class Fork {
  private Fork() {}

  /**
   * @param dir receives the class path
   * @param options of the JVM; {@code -Xcheck:jni} is added where the tests run with it
   */
  static ProcessBuilder java(Path dir, List<String> options, Class<?> main, String argument)
      throws IOException {
    Path classPath = dir.resolve("class-path");
    Files.writeString(classPath, "-cp \"" + System.getProperty("java.class.path") + "\"");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter("-Xcheck:jni"::equals)
        .forEach(command::add);
    command.addAll(options);
    command.addAll(List.of("@" + classPath, main.getName(), argument));
    return new ProcessBuilder(command).redirectErrorStream(true);
  }
}
