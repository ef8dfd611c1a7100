package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.Map;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that describe the noise on a schedule. */
final class NoiseOptions {
  enum Kind {
    NONE,
    UNIFORM,
    GAUSSIAN
  }

  enum Per {
    EPOCH,
    STEP
  }

  enum Groups {
    SHARED,
    INDEPENDENT
  }

  /** By the names of the noise's fields. */
  private static final Map<String, String> OPTIONS =
      Map.of(
          "alpha", "--alpha",
          "mean", "--mean",
          "std", "--std",
          "beta", "--beta",
          "minLr", "--noise-min-lr",
          "maxLr", "--noise-max-lr");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--noise",
      paramLabel = "KIND",
      defaultValue = "none",
      description = "none, uniform or gaussian; default ${DEFAULT-VALUE}.")
  private Kind kind;

  @Option(
      names = "--alpha",
      paramLabel = "A",
      defaultValue = "8",
      description = "Uniform: the factor is A * U(0,1); default ${DEFAULT-VALUE}.")
  private double alpha;

  @Option(
      names = "--mean",
      paramLabel = "M",
      defaultValue = "4",
      description = "Gaussian: mean of the factor; default ${DEFAULT-VALUE}.")
  private double mean;

  @Option(
      names = "--std",
      paramLabel = "S",
      defaultValue = "1",
      description = "Gaussian: standard deviation of the factor; default ${DEFAULT-VALUE}.")
  private double std;

  @Option(
      names = "--beta",
      paramLabel = "B",
      defaultValue = "0.6",
      description = "Noise in the last B of the epochs, in [0, 1]; default ${DEFAULT-VALUE}.")
  private double beta;

  @Option(
      names = "--noise-min-lr",
      paramLabel = "X",
      defaultValue = "0",
      description = "Lower bound of the noisy learning rate; default ${DEFAULT-VALUE}.")
  private double minLr;

  @Option(
      names = "--noise-max-lr",
      paramLabel = "X",
      defaultValue = "Infinity",
      description = "Upper bound of the noisy learning rate; default none.")
  private double maxLr;

  @Option(
      names = "--noise-per",
      paramLabel = "UNIT",
      defaultValue = "epoch",
      description = "One draw per epoch or per step; default ${DEFAULT-VALUE}.")
  private Per per;

  @Option(
      names = "--noise-groups",
      paramLabel = "HOW",
      defaultValue = "shared",
      description =
          "One draw for all parameter groups (shared) or one for each (independent); default"
              + " ${DEFAULT-VALUE}.")
  private Groups groups;

  /**
   * The noise of a run of {@code epochs}; an option that it has no use for is refused.
   *
   * @param others options of the command that have no use but for noise
   */
  NoiseSpec noise(long epochs, long seed, String... others) {
    Options.goWith(command, "--noise", "uniform", kind, kind == Kind.UNIFORM, "--alpha");
    Options.goWith(command, "--noise", "gaussian", kind, kind == Kind.GAUSSIAN, "--mean", "--std");
    String both = "uniform or gaussian";
    boolean noisy = kind != Kind.NONE;
    Options.goWith(command, "--noise", both, kind, noisy, others);
    Options.goWith(
        command,
        "--noise",
        both,
        kind,
        noisy,
        "--beta",
        "--noise-min-lr",
        "--noise-max-lr",
        "--noise-per",
        "--noise-groups");
    return Options.named(OPTIONS, () -> spec(epochs, seed));
  }

  private NoiseSpec spec(long epochs, long seed) {
    NoiseSpec noise =
        switch (kind) {
          case NONE -> NoiseSpec.none();
          case UNIFORM -> NoiseSpec.uniform(alpha);
          case GAUSSIAN -> NoiseSpec.gaussian(mean, std);
        };
    if (kind == Kind.NONE) {
      return noise;
    }
    noise = noise.lastFraction(beta, epochs).within(minLr, maxLr).seed(seed);
    if (per == Per.STEP) {
      noise = noise.perStep();
    }
    return groups == Groups.INDEPENDENT ? noise.independentGroups() : noise;
  }

  /** Says so where the noise misses its purpose: no epoch is noisy, or it is too weak. */
  static void warn(NoiseSpec noise, long epochs, PrintWriter err) {
    if (noise.distribution() instanceof Distribution.None) {
      return;
    }
    if (noise.firstEpoch() >= epochs) {
      err.printf(
          "noisylr: warning: no epoch is noisy: noise would begin in epoch %d (from 0), and"
              + " %s%n",
          noise.firstEpoch(), Options.thereAre(epochs));
    }
    if (noise.mean() <= 0) {
      err.printf(
          "noisylr: warning: with mean %.4g of its factor, half of the learning rates or more are"
              + " the lower bound %.4g%n",
          noise.mean(), noise.minLr());
    }
    if (!noise.raisesGradientVariance()) {
      err.printf(
          "noisylr: warning: with mean %.4g and variance %.4g of its factor, this noise does not"
              + " raise the variance of the steps (uniform noise does from alpha > 1.31 on)%n",
          noise.mean(), noise.variance());
    }
  }
}
