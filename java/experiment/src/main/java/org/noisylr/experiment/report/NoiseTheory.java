package org.noisylr.experiment.report;

import java.util.Locale;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;

/** What the paper's supplement 1.3 and 1.4 say of a noise, in words. */
public final class NoiseTheory {
  private NoiseTheory() {}

  /** E[f], Var[f], and whether E[f] is at least 1. */
  public static String moments(NoiseSpec noise) {
    return String.format(
        Locale.ROOT,
        "E[f] = %.6g, Var[f] = %.6g; E[f] >= 1, which suffices for any gradient (supplement 1.3),"
            + " %s",
        noise.mean(),
        noise.variance(),
        holds(noise.meanAtLeastOne()));
  }

  /** The ratio of the variances of steps, and whether it is above 1. */
  public static String variance(NoiseSpec noise) {
    String condition =
        noise.distribution() instanceof Distribution.Uniform uniform
            ? String.format(
                Locale.ROOT,
                "a^2 = %.6g > 12/7 (supplement 1.4)",
                uniform.alpha() * uniform.alpha())
            : "4 Var[f] + E[f]^2 > 1";
    return String.format(
        Locale.ROOT,
        "their variance is multiplied by %.6g for gradients uniform on (0, b); %s %s",
        noise.gradientVarianceRatio(),
        condition,
        holds(noise.raisesGradientVariance()));
  }

  private static String holds(boolean condition) {
    return condition ? "holds" : "does not hold";
  }
}
