package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import picocli.CommandLine.Option;

/** The options for the noise on a schedule. */
final class NoiseOptions extends OptionGroup {
  enum Kind {
    NONE,
    UNIFORM,
    GAUSSIAN,
    LOG_UNIFORM
  }

  private static final EnumSet<Kind> NOISY = EnumSet.complementOf(EnumSet.of(Kind.NONE));
  private static final EnumSet<Kind> BOUNDED = EnumSet.of(Kind.UNIFORM, Kind.LOG_UNIFORM);

  private static final Map<String, EnumSet<Kind>> KINDS =
      Map.of(
          "--alpha", EnumSet.of(Kind.UNIFORM),
          "--low", BOUNDED,
          "--high", BOUNDED,
          "--mean", EnumSet.of(Kind.GAUSSIAN),
          "--std", EnumSet.of(Kind.GAUSSIAN),
          "--beta", NOISY,
          "--noise-min-lr", NOISY,
          "--noise-max-lr", NOISY,
          "--noise-per", NOISY,
          "--noise-groups", NOISY);

  private static final Map<String, String> OPTION_OF_FIELD =
      Map.of(
          "alpha", "--alpha",
          "low", "--low",
          "high", "--high",
          "mean", "--mean",
          "std", "--std",
          "beta", "--beta",
          "minLr", "--noise-min-lr",
          "maxLr", "--noise-max-lr");

  @Option(names = "--noise", paramLabel = "KIND", defaultValue = "none")
  private Kind kind;

  @Option(names = "--alpha", paramLabel = "A", defaultValue = "8")
  private double alpha;

  @Option(names = "--low", paramLabel = "L")
  private Double low;

  @Option(names = "--high", paramLabel = "H")
  private Double high;

  @Option(names = "--mean", paramLabel = "M", defaultValue = "4")
  private double mean;

  @Option(names = "--std", paramLabel = "S", defaultValue = "1")
  private double std;

  @Option(names = "--beta", paramLabel = "B", defaultValue = "0.6")
  private double beta;

  @Option(names = "--noise-min-lr", paramLabel = "X", defaultValue = "0")
  private double minLr;

  @Option(names = "--noise-max-lr", paramLabel = "X", defaultValue = "Infinity")
  private double maxLr;

  @Option(names = "--noise-per", paramLabel = "UNIT", defaultValue = "epoch")
  private NoiseSpec.Draw draw;

  @Option(names = "--noise-groups", paramLabel = "HOW", defaultValue = "shared")
  private NoiseSpec.Groups groups;

  /** Returns the options that only some kinds of noise use. */
  static List<String> ofKinds() {
    return KINDS.keySet().stream().filter(option -> !KINDS.get(option).equals(NOISY)).toList();
  }

  /**
   * Returns the noise of a run of {@code epochs}. Warns about noise without effect.
   *
   * @param seedRequiresNoise whether {@code --seed} has no effect without noise
   * @throws InputException if a value is invalid, or an option has no effect
   */
  NoiseSpec noise(long epochs, long seed, boolean seedRequiresNoise, PrintWriter err) {
    Map<String, EnumSet<Kind>> kinds = new HashMap<>(KINDS);
    if (seedRequiresNoise) {
      kinds.put("--seed", NOISY);
    }
    Options.requireChoice(command(), "--noise", kind, kinds);
    NoiseSpec noise = Options.named(OPTION_OF_FIELD, () -> spec(epochs, seed));
    warn(noise, epochs, err);
    return noise;
  }

  private NoiseSpec spec(long epochs, long seed) {
    Distribution distribution =
        switch (kind) {
          case NONE -> new Distribution.None();
          case UNIFORM ->
              low == null && high == null
                  ? NoiseSpec.uniform(alpha).distribution()
                  : new Distribution.Uniform(bound("--low", low), bound("--high", high));
          case GAUSSIAN -> new Distribution.Gaussian(mean, std);
          case LOG_UNIFORM ->
              new Distribution.LogUniform(bound("--low", low), bound("--high", high));
        };
    return kind == Kind.NONE
        ? NoiseSpec.none()
        : new NoiseSpec(
            distribution,
            NoiseSpec.firstNoisyEpoch(beta, epochs),
            minLr,
            maxLr,
            draw,
            groups,
            seed,
            0);
  }

  private double bound(String option, Double value) {
    if (value == null) {
      throw new InputException(
          "--noise %s requires %s"
              .formatted(
                  Choice.word(kind),
                  kind == Kind.UNIFORM ? "--low and --high, or --alpha" : option));
    }
    if (Options.isGiven(command(), "--alpha")) {
      throw new InputException("--alpha and %s exclude each other".formatted(option));
    }
    return value;
  }

  /** Warns if no epoch is noisy, or the noise is too weak. */
  static void warn(NoiseSpec noise, long epochs, PrintWriter err) {
    if (noise.distribution() instanceof Distribution.None) {
      return;
    }
    if (noise.firstEpoch() >= epochs) {
      err.printf(
          "noisylr: warning: no epoch is noisy: the first noisy epoch would be %d, but the run has"
              + " %d%n",
          noise.firstEpoch() + 1, epochs);
    }
    if (noise.mean() <= 0) {
      err.printf(
          "noisylr: warning: the factor has mean %.4g, so at least half of the learning rates are"
              + " the lower bound %.4g%n",
          noise.mean(), noise.minLr());
    }
    if (!noise.raisesGradientVariance()) {
      err.printf(
          "noisylr: warning: the factor has mean %.4g and variance %.4g: this noise does not raise"
              + " the variance of the steps (uniform noise with alpha > 1.31 does)%n",
          noise.mean(), noise.variance());
    }
  }
}
