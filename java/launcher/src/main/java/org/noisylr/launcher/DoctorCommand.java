package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.NativeNoise;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Says what this installation is made of and whether it works. */
@Command(
    name = "doctor",
    description =
        "Show versions and devices, and check the native library; paste it into a report.")
final class DoctorCommand implements Callable<Integer> {
  private static final int DRAWS = 10_000;
  private static final double GAUSSIAN_MEAN = 4;

  /** What the logarithms and cosines of Java and C may differ by, in units of the mean's ulp. */
  private static final double GAUSSIAN_ULPS = 4;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    row(out, "noisylr", Versions.of("noisylr"));
    row(
        out,
        "java",
        "%s (%s), %s %s %s"
            .formatted(
                System.getProperty("java.version"),
                System.getProperty("java.vendor"),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    row(
        out,
        "bytedeco",
        "pytorch %s (%s), javacpp %s, openblas %s"
            .formatted(
                Versions.of("pytorch"),
                Versions.of("pytorch.classifier"),
                Versions.of("javacpp"),
                Versions.of("openblas")));
    boolean healthy = true;
    try {
      LibTorch.load();
      row(
          out,
          "cpu",
          "%d processors, %s".formatted(Cpu.processors(), torch.get_cpu_capability().getString()));
      row(out, "cuda", Devices.cudaState() + "; -Pgpu is made for " + Versions.cuda());
    } catch (LinkageError e) {
      healthy = false;
      row(out, "libtorch", "does not load: " + Noisylr.unloaded(e));
    }
    if (healthy) {
      try {
        healthy = checkNoise(out);
      } catch (LinkageError e) {
        healthy = false;
        row(out, "native hook", "does not load: " + Noisylr.unloaded(e));
      }
    }
    out.flush();
    return healthy ? 0 : Noisylr.RUN_FAILED;
  }

  private static boolean checkNoise(PrintWriter out) {
    NoiseSpec uniform = NoiseSpec.uniform(8).seed(42);
    NoiseSpec gaussian = NoiseSpec.gaussian(GAUSSIAN_MEAN, 1).seed(42);
    int different = 0;
    double ulps = 0;
    for (long epoch = 0; epoch < DRAWS; epoch++) {
      if (uniform.factor(epoch, 0, 0) != NativeNoise.factor(uniform, epoch, 0, 0)) {
        different++;
      }
      double expected = gaussian.factor(epoch, 0, 0);
      double actual = NativeNoise.factor(gaussian, epoch, 0, 0);
      ulps = Math.max(ulps, Math.abs(actual - expected) / Math.ulp(GAUSSIAN_MEAN));
    }
    boolean agrees = different == 0 && ulps <= GAUSSIAN_ULPS;
    row(
        out,
        "native hook",
        "loads; over %d draws, uniform noise %s, Gaussian noise differs from Java's by %.1f ulp of its mean at most%s"
            .formatted(
                DRAWS,
                different == 0 ? "is Java's bit for bit" : "differs in " + different,
                ulps,
                agrees ? "" : " (NOT as it should be)"));
    return agrees;
  }

  private static void row(PrintWriter out, String name, String value) {
    out.printf("%-12s %s%n", name, value);
  }
}
