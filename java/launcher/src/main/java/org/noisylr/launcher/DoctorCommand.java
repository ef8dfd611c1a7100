package org.noisylr.launcher;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.Versions;
import org.noisylr.torch.optim.NativeNoise;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.RunFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the parts of this installation and whether they work. */
@Command(name = "doctor")
final class DoctorCommand extends Subcommand {
  private static final int DRAWS = 10_000;
  private static final double GAUSSIAN_MEAN = 4;

  /** The tolerance for the logarithms, cosines and exponentials of Java and C. */
  private static final double MAX_ULPS = 4;

  private final Map<String, Object> rows = new LinkedHashMap<>();

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() {
    boolean works = check();
    if (json) {
      rows.put("works", works);
      out().println(RunFormat.toJson(rows));
    }
    return works ? 0 : Noisylr.RUN_FAILED;
  }

  private boolean check() {
    row("noisylr", Versions.of("noisylr"));
    row(
        "java",
        "%s (%s), %s %s %s"
            .formatted(
                System.getProperty("java.version"),
                System.getProperty("java.vendor"),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    row(
        "bytedeco",
        "pytorch %s (%s), javacpp %s, openblas %s"
            .formatted(
                Versions.of("pytorch"),
                Versions.of("pytorch.classifier"),
                Versions.of("javacpp"),
                Versions.of("openblas")));
    return checkLibraries();
  }

  private boolean checkLibraries() {
    String library = "libtorch";
    try {
      LibTorch.load();
      String capability = torch.get_cpu_capability().getString();
      row("cpu", "%d processors, %s".formatted(Cpu.processors(), capability));
      row("cuda", Devices.cudaState() + "; a build with -Pgpu requires " + Versions.cuda());
      library = "native";
      return checkNoise();
    } catch (LinkageError e) {
      row(library, "does not load: " + Noisylr.loadError(e));
      return false;
    }
  }

  private boolean checkNoise() {
    double uniform = difference(NoiseSpec.uniform(8), 0);
    double gaussian = difference(NoiseSpec.gaussian(GAUSSIAN_MEAN, 1), Math.ulp(GAUSSIAN_MEAN));
    double logUniform = difference(NoiseSpec.logUniform(0.5, 2), 0);
    boolean agrees = uniform == 0 && gaussian <= MAX_ULPS && logUniform <= MAX_ULPS;
    row(
        "native",
        "library loads; in %d draws, uniform noise %s, and Gaussian and log-uniform noise differ from Java's by at most %.1f and %.1f ulp%s"
            .formatted(
                DRAWS,
                uniform == 0
                    ? "equals Java's bit for bit"
                    : "differs from Java's by up to %.1f ulp".formatted(uniform),
                gaussian,
                logUniform,
                agrees ? "" : " (ERROR: too much)"));
    return agrees;
  }

  /**
   * Returns the greatest difference between factors of the native library and of Java, in ulps of
   * the factor, or in {@code unit} if that is greater.
   */
  private static double difference(NoiseSpec noise, double unit) {
    NoiseSpec seeded = noise.seed(42);
    double greatest = 0;
    for (long epoch = 0; epoch < DRAWS; epoch++) {
      double expected = seeded.factor(epoch, 0, 0);
      double actual = NativeNoise.factor(seeded, epoch, 0, 0);
      greatest =
          Math.max(greatest, Math.abs(actual - expected) / Math.max(unit, Math.ulp(expected)));
    }
    return greatest;
  }

  private void row(String name, String value) {
    rows.put(name, value);
    if (!json) {
      out().printf("%-12s %s%n", name, value);
    }
  }
}
