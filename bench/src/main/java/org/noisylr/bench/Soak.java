package org.noisylr.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.noisylr.train.loop.Precision;

/** Trains the small CNN for a long time and compares the resident memory, early and late. */
final class Soak {
  private static final int EARLY = 500;
  private static final int LATE = 10_000;

  private Soak() {}

  static void run() throws IOException {
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

  /** As Linux counts it. */
  private static long residentKilobytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
