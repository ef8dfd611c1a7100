package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native memory does not grow with the number of steps or of closed optimizers. The long form makes
 * 10,000 steps with each optimizer: {@code -Dreliability=long}.
 */
@Tag("lifetime")
class SoakTest {
  private static final int STEPS = "long".equals(System.getProperty("reliability")) ? 10_000 : 20;

  /** Less than a tensor for each step of the short form. */
  private static final long BYTES = 8 << 10;

  /** Less than half of a closed optimizer of two parameters that is not freed. */
  private static final long CLOSED_BYTES = 500;

  /** The growth of the JVM itself, whose heap is resident from the start. */
  private static final long RESIDENT_BYTES = 16 << 20;

  @Test
  void memoryStaysFlat(@TempDir Path dir) throws Exception {
    Path classPath = dir.resolve("class-path");
    Files.writeString(classPath, "-cp \"" + System.getProperty("java.class.path") + "\"");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            // Java's compiler would allocate and free megabytes of native memory.
            "-Xint",
            "-XX:+UseSerialGC",
            "-Xms64m",
            "-Xmx64m",
            "-XX:+AlwaysPreTouch",
            "@" + classPath,
            Soak.class.getName(),
            String.valueOf(STEPS));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    int optimizers = 0;
    for (String line : output.lines().filter(line -> line.contains("\t")).toList()) {
      String[] fields = line.split("\t");
      if (fields[0].equals("all")) {
        assertThat(Long.parseLong(fields[2]))
            .as("resident bytes: " + output)
            .isLessThan(Long.parseLong(fields[1]) + RESIDENT_BYTES);
      } else {
        optimizers++;
        assertThat(Long.parseLong(fields[2]))
            .as("native objects that Java refers to: " + output)
            .isLessThanOrEqualTo(Long.parseLong(fields[1]));
        assertThat(Long.parseLong(fields[3])).as("native bytes: " + output).isPositive();
        assertThat(Long.parseLong(fields[4]))
            .as("native bytes: " + output)
            .isLessThan(Long.parseLong(fields[3]) + BYTES);
        assertThat(Long.parseLong(fields[5]))
            .as("native bytes of a closed optimizer: " + output)
            .isLessThan(CLOSED_BYTES);
      }
    }
    assertThat(optimizers).isEqualTo(Subject.makers().size());
  }
}
