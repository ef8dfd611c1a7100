package org.noisylr.experiment.schedule;

import java.util.Locale;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;

/** Describes noise, and states what the paper's supplement 1.3 and 1.4 prove about it. */
public final class Noises {
  private Noises() {}

  /**
   * Returns the distribution of the factor: {@code 8 · U(0, 1)}, {@code U(0.5, 1.5)}, {@code
   * log-uniform(0.5, 2)}, {@code N(4, 1)} or {@code none}.
   */
  public static String describe(Distribution distribution) {
    if (distribution instanceof Distribution.Uniform uniform) {
      return uniform.low() == 0
          ? PlainNumber.of(uniform.high()) + " · U(0, 1)"
          : words("U(%s, %s)", uniform.low(), uniform.high());
    }
    if (distribution instanceof Distribution.LogUniform uniform) {
      return words("log-uniform(%s, %s)", uniform.low(), uniform.high());
    }
    if (distribution instanceof Distribution.Gaussian gaussian) {
      return words("N(%s, %s)", gaussian.mean(), gaussian.std());
    }
    return "none";
  }

  private static String words(String format, double first, double second) {
    return format.formatted(PlainNumber.of(first), PlainNumber.of(second));
  }

  /** Returns E[f], Var[f], and whether E[f] is at least 1. */
  public static String moments(NoiseSpec noise) {
    return String.format(
        Locale.ROOT,
        "E[f] = %.6g, Var[f] = %.6g; E[f] >= 1, which is sufficient for any gradient"
            + " (supplement 1.3), %s",
        noise.mean(),
        noise.variance(),
        holds(noise.meanAtLeastOne()));
  }

  /**
   * Returns the ratio of the variances of steps with and without noise, and whether it is above 1.
   */
  public static String stepVariance(NoiseSpec noise) {
    String condition =
        noise.distribution() instanceof Distribution.Uniform uniform && uniform.low() == 0
            ? String.format(
                Locale.ROOT, "a^2 = %.6g > 12/7 (supplement 1.4)", uniform.high() * uniform.high())
            : "4 Var[f] + E[f]^2 > 1";
    return String.format(
        Locale.ROOT,
        "the noise multiplies their variance by %.6g for gradients uniform on (0, b); %s %s",
        noise.gradientVarianceRatio(),
        condition,
        holds(noise.raisesGradientVariance()));
  }

  private static String holds(boolean condition) {
    return condition ? "holds" : "does not hold";
  }
}
