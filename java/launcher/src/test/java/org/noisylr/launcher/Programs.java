package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Runs the program in processes of their own, which end with the test. */
final class Programs implements AfterEachCallback {
  /** Whether tests repeat what takes long: {@code -Dreliability=long}. */
  static final boolean LONG = "long".equals(System.getProperty("reliability"));

  private final List<Process> processes = new ArrayList<>();

  @Override
  public void afterEach(ExtensionContext context) {
    processes.forEach(Process::destroyForcibly);
  }

  /**
   * Starts the program.
   *
   * @param log receives both output streams
   * @param command a command line without quotes
   * @param jvmOptions options of the JVM
   */
  Process start(Path log, String command, String... jvmOptions) throws IOException {
    return start(log, Map.of(), line(command, jvmOptions));
  }

  /** Starts the program with variables of its environment; an empty value removes one. */
  Process start(Path log, Map<String, String> environment, String command) throws IOException {
    return start(log, environment, line(command));
  }

  /**
   * Starts the program on a terminal of its own. What is written to the process is typed there: 3
   * is Ctrl-C.
   */
  Process startOnTerminal(Path log, String command) throws IOException {
    String line =
        line(command).stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    // A process in the background may have been started with SIGINT ignored.
    return start(
        log,
        Map.of(),
        List.of("env", "--default-signal=INT", "TERM=xterm", "script", "-qefc", line, "/dev/null"));
  }

  private static List<String> line(String command, String... jvmOptions) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A fast start matters more than fast code.
    line.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    // The processes check JNI if this JVM does.
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter("-Xcheck:jni"::equals)
        .forEach(line::add);
    line.addAll(List.of(jvmOptions));
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Noisylr.class.getName()));
    line.addAll(List.of(command.split(" ")));
    return line;
  }

  private Process start(Path log, Map<String, String> environment, List<String> line)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    environment.forEach(
        (name, value) -> {
          builder.environment().put(name, value);
          builder.environment().remove(name, "");
        });
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  /** Runs the program to its successful end. */
  void finish(Path log, String command) throws Exception {
    assertThat(start(log, command).waitFor()).as(() -> read(log)).isZero();
  }

  /** Waits for a moment in the life of a process. */
  static void await(Process process, Path log, BooleanSupplier moment) throws Exception {
    while (!moment.getAsBoolean()) {
      assertThat(process.isAlive()).as(() -> read(log)).isTrue();
      TimeUnit.MICROSECONDS.sleep(500);
    }
  }

  /** Returns the number of files of a name in a folder; files may disappear during the search. */
  static long count(Path folder, String name) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith(name)).count();
    } catch (IOException | UncheckedIOException e) {
      return 0;
    }
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
