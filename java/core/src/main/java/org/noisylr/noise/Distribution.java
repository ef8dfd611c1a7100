package org.noisylr.noise;

import org.noisylr.check.Check;

/** The distribution of the factor by which a noisy epoch multiplies the learning rate. */
public sealed interface Distribution {

  /** The expected factor, E[f]. */
  double mean();

  /** The variance of the factor, Var[f]. */
  double variance();

  /**
   * Maps a block of independent, uniform random words to a factor of this distribution. A pure
   * function.
   *
   * <p>It uses the uniform number p(a, b) = (⌊(a·2³² + b) / 2¹¹⌋ + ½)·2⁻⁵³ of two unsigned words,
   * capped at 1 − 2⁻⁵³ so that 0 &lt; p &lt; 1 also after rounding to double.
   *
   * @param words four words of {@link Philox#block}
   */
  double factor(int[] words);

  /** No noise: the factor is always 1. */
  record None() implements Distribution {
    @Override
    public double mean() {
      return 1;
    }

    @Override
    public double variance() {
      return 0;
    }

    @Override
    public double factor(int[] words) {
      return 1;
    }
  }

  /**
   * Uniform noise f = low + (high − low)·p with p ~ U(0, 1). E[f] = (low + high)/2, Var[f] = (high
   * − low)²/12.
   *
   * <p>The paper's noise α·U(0, 1) is that on (0, α); it has the maximum entropy on an interval
   * (supplement 1.1). Musso (2020) draws from (0, 2) in each step, Mamalis (2021) from other
   * intervals.
   *
   * @param low in [0, high)
   * @param high in (0, inf)
   */
  record Uniform(double low, double high) implements Distribution {
    /**
     * @throws org.noisylr.check.InputException if an end is out of range
     */
    public Uniform {
      Check.nonNegative("low", low);
      Check.greater("high", high, low);
    }

    @Override
    public double mean() {
      return (low + high) / 2;
    }

    @Override
    public double variance() {
      return (high - low) * (high - low) / 12;
    }

    @Override
    public double factor(int[] words) {
      return low + (high - low) * unit(words[0], words[1]);
    }
  }

  /**
   * Log-uniform noise f = exp(ln low + (ln high − ln low)·p) with p ~ U(0, 1). With L =
   * ln(high/low), E[f] = (high − low)/L and Var[f] = (high² − low²)/(2L) − E[f]².
   *
   * @param low in (0, high)
   * @param high in (0, inf)
   */
  record LogUniform(double low, double high) implements Distribution {
    /**
     * @throws org.noisylr.check.InputException if an end is out of range
     */
    public LogUniform {
      Check.positive("low", low);
      Check.greater("high", high, low);
    }

    @Override
    public double mean() {
      return (high - low) / (StrictMath.log(high) - StrictMath.log(low));
    }

    @Override
    public double variance() {
      return mean() * (high + low) / 2 - mean() * mean();
    }

    @Override
    public double factor(int[] words) {
      double start = StrictMath.log(low);
      return StrictMath.exp(start + (StrictMath.log(high) - start) * unit(words[0], words[1]));
    }
  }

  /**
   * Gaussian noise f ~ N(μ, σ), by the Box–Muller transform: f = μ + σ·√(−2 ln p(w0, w1))·
   * cos(2π·p(w2, w3)). A factor can be negative; {@link NoiseSpec#realised} clamps the rate.
   *
   * @param mean μ, finite; the paper uses 4 and 2
   * @param std the standard deviation σ, in (0, inf); the paper uses 1
   */
  record Gaussian(double mean, double std) implements Distribution {
    /**
     * @throws org.noisylr.check.InputException if mean is not finite or std is not in (0, inf)
     */
    public Gaussian {
      Check.finite("mean", mean);
      Check.positive("std", std);
    }

    @Override
    public double variance() {
      return std * std;
    }

    @Override
    public double factor(int[] words) {
      // StrictMath: the same bits on every JVM.
      double radius = StrictMath.sqrt(-2 * StrictMath.log(unit(words[0], words[1])));
      double angle = 2 * Math.PI * unit(words[2], words[3]);
      return mean + std * (radius * StrictMath.cos(angle));
    }
  }

  private static double unit(int high, int low) {
    long bits = ((long) high << 32 | Integer.toUnsignedLong(low)) >>> 11;
    return Math.min((bits + 0.5) * 0x1p-53, 0x1.fffffffffffffp-1);
  }
}
