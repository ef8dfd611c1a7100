package org.noisylr.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.noisylr.check.InputException;
import org.noisylr.train.loop.Precision;

/**
 * Trains the small CNN for 10,000 steps and compares the resident memory with that after 500.
 *
 * <p>The training runs in a separate JVM whose heap is small and resident from the start. A larger
 * heap would grow by a few kilobytes per step until the first garbage collection, and hide a leak
 * of native memory.
 */
final class Soak {
  private static final int EARLY = 500;
  private static final int LATE = 10_000;

  private Soak() {}

  /** Starts the JVM and waits for its end. */
  static void main() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path"),
                Run.class.getName())
            .inheritIO()
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException("the soak failed");
      }
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
    }
  }

  /** The main class of the separate JVM. */
  static final class Run {
    private Run() {}

    public static void main(String[] args) throws IOException {
      TrainingBenchmark training = new TrainingBenchmark();
      training.network = TrainingBenchmark.Network.CNN28;
      training.precision = Precision.FP32;
      training.variant = TrainingBenchmark.Variant.NOISY_FUSED;
      training.create();
      long early = 0;
      for (int step = TrainingBenchmark.STEPS; step <= LATE; step += TrainingBenchmark.STEPS) {
        training.step();
        if (step % EARLY == 0) {
          long resident = residentKilobytes();
          early = early == 0 ? resident : early;
          System.out.printf(
              Locale.ROOT,
              "after %5d steps: %d kB resident, %.4f of that after %d%n",
              step,
              resident,
              (double) resident / early,
              EARLY);
        }
      }
      training.close();
    }
  }

  /** Returns the resident memory of this process. */
  static long residentKilobytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      throw new InputException("soak requires Linux: " + status + " does not exist");
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
