package org.noisylr.launcher;

import java.io.PrintWriter;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import picocli.CommandLine.Option;

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

  /** The noise of a run of {@code epochs}; every option is validated, also where unused. */
  NoiseSpec noise(long epochs, long seed) {
    NoiseSpec uniform = NoiseSpec.uniform(alpha);
    NoiseSpec gaussian = NoiseSpec.gaussian(mean, std);
    NoiseSpec noise =
        switch (kind) {
          case NONE -> NoiseSpec.none();
          case UNIFORM -> uniform;
          case GAUSSIAN -> gaussian;
        };
    noise = noise.lastFraction(beta, epochs).within(minLr, maxLr).seed(seed);
    if (kind == Kind.NONE) {
      return NoiseSpec.none();
    }
    if (per == Per.STEP) {
      noise = noise.perStep();
    }
    return groups == Groups.INDEPENDENT ? noise.independentGroups() : noise;
  }

  /** Says so where the noise is too weak to raise the variance of the gradient steps. */
  static void warnIfWeak(NoiseSpec noise, PrintWriter err) {
    if (!(noise.distribution() instanceof Distribution.None) && !noise.raisesGradientVariance()) {
      err.printf(
          "noisylr: warning: with mean %.4g and variance %.4g of its factor, this noise does not"
              + " raise the variance of the steps (uniform noise does from alpha > 1.31 on)%n",
          noise.mean(), noise.variance());
    }
  }
}
