package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * {@link Scenarios} in forked JVMs: a crash fails the scenario that crashed, and those after it run
 * in the next JVM. In these, freed native memory is overwritten, so that using it is noticed.
 */
@Execution(ExecutionMode.CONCURRENT)
class LifetimeTest {
  private static final long TIMEOUT_SECONDS = 1800;

  @TestFactory
  Stream<DynamicTest> scenarios(@TempDir Path dir) throws Exception {
    Map<String, String> failures = new LinkedHashMap<>();
    List<String> remaining = new ArrayList<>(Scenarios.ALL.keySet());
    while (!remaining.isEmpty()) {
      int before = remaining.size();
      run(remaining, failures, Files.createTempDirectory(dir, "fork"));
      assertThat(remaining).as("scenarios that were not begun").hasSizeLessThan(before);
    }
    return Scenarios.ALL.keySet().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> assertThat(failures.get(name)).isEmpty()));
  }

  /** Runs scenarios until all are done or one crashes, and removes them from those remaining. */
  private static void run(List<String> remaining, Map<String, String> failures, Path dir)
      throws IOException, InterruptedException {
    Path output = dir.resolve("output");
    Path names = Files.write(dir.resolve("scenarios"), remaining);
    ProcessBuilder builder =
        Fork.java(
                dir,
                List.of(
                    "-Xmx256m",
                    "-Xss512k",
                    "-XX:+UseSerialGC",
                    "-Dreliability=" + System.getProperty("reliability", "short"),
                    "-XX:-CreateCoredumpOnCrash",
                    "-XX:ErrorFile=" + dir.resolve("crash")),
                Scenarios.class,
                names.toString())
            .redirectOutput(output.toFile());
    builder.environment().put("MALLOC_PERTURB_", "165");
    Process process = builder.start();
    boolean inTime = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (!inTime) {
      process.destroyForcibly().waitFor();
    }
    String running = null;
    String doing = "";
    for (String line : Files.readAllLines(output)) {
      if (line.startsWith(Scenarios.BEGIN)) {
        running = line.substring(Scenarios.BEGIN.length());
        remaining.remove(running);
        failures.put(running, "");
        doing = "";
      } else if (line.startsWith(Scenarios.DOING)) {
        doing = line + "\n";
      } else if (line.startsWith(Scenarios.FAILED) && running != null) {
        failures.merge(running, line.substring(Scenarios.FAILED.length()) + "\n", String::concat);
      }
    }
    if (!inTime || process.exitValue() != 0) {
      if (running == null) {
        throw new IOException("the JVM did not start: " + Files.readString(output));
      }
      String how = inTime ? "exit code " + process.exitValue() : "did not end";
      failures.merge(running, doing + how + "\n" + crash(dir.resolve("crash")), String::concat);
    }
  }

  private static String crash(Path file) throws IOException {
    if (!Files.exists(file)) {
      return "";
    }
    try (Stream<String> lines = Files.lines(file)) {
      return String.join("\n", lines.limit(60).toList());
    }
  }
}
