package org.noisylr.noise;

import org.noisylr.check.Check;

/**
 * The complete specification of learning-rate noise. The factor of an epoch, step and parameter
 * group is a pure function of these and of the specification.
 *
 * <pre>{@code
 * NoiseSpec noise = NoiseSpec.uniform(8).lastFraction(0.6, 200).seed(42); // noisy from epoch 80
 * double rate = noise.realised(schedule.lr(step, stepsPerEpoch), epoch, step, 0);
 * }</pre>
 *
 * <p>With base learning rate η and first noisy epoch e₀ (random learning rates, IJCAI 2019):
 *
 * <pre>
 *   η′ = η                          before epoch e₀
 *   η′ = clamp(η·f, minLr, maxLr)   from epoch e₀ on
 * </pre>
 *
 * <p>The factor f is drawn from the block {@link Philox#block}(seed, epoch or step, group or 0).
 * Draws therefore do not depend on the order of calls. They are equal after a resume, on every rank
 * and in the native library: uniform factors bit for bit, Gaussian and log-uniform factors up to
 * the rounding of the native logarithm, cosine and exponential. For Gaussian factors, that
 * difference is at most 3 units in the last place of the larger of |μ| and |f − μ| (maximum of 10⁶
 * draws against glibc; 1 or 0 units in 99 % of them).
 *
 * <p>An optimizer must know its epoch if the factor depends on it, which {@link #dependsOnEpoch}
 * states: the program sets it, or {@link #stepsPerEpoch(long)} lets the optimizer count.
 *
 * @param distribution the distribution of f
 * @param firstEpoch the first noisy epoch e₀, zero-based, in [0, inf)
 * @param minLr the least realised learning rate in noisy epochs, in [0, inf)
 * @param maxLr the greatest realised learning rate in noisy epochs, in [minLr, inf]
 * @param draw whether a factor holds for an epoch or for one step
 * @param groups whether parameter groups share a factor
 * @param seed the seed; all 64 bits are used, and neighbouring seeds are independent
 * @param stepsPerEpoch the steps in an epoch, by which an optimizer counts its epochs; 0 if the
 *     program states the epochs
 */
public record NoiseSpec(
    Distribution distribution,
    long firstEpoch,
    double minLr,
    double maxLr,
    Draw draw,
    Groups groups,
    long seed,
    long stepsPerEpoch) {

  /** The period of a drawn factor. */
  public enum Draw {
    /** One factor for all steps of an epoch, as in the paper. */
    EPOCH,
    /** A new factor in each step. */
    STEP
  }

  /** Whether parameter groups share a draw. */
  public enum Groups {
    /** All groups use the same factor, as in the paper. */
    SHARED,
    /** Each group draws its own factor. */
    INDEPENDENT
  }

  /**
   * @throws org.noisylr.check.InputException if a value is out of range
   */
  public NoiseSpec {
    Check.required("distribution", distribution);
    Check.required("draw", draw);
    Check.required("groups", groups);
    Check.atLeast("firstEpoch", firstEpoch, 0);
    Check.nonNegative("minLr", minLr);
    Check.atLeast("stepsPerEpoch", stepsPerEpoch, 0);
    if (!(maxLr >= minLr)) {
      throw Check.invalid("maxLr", maxLr, "at least " + minLr);
    }
  }

  private NoiseSpec(Distribution distribution) {
    this(distribution, 0, 0, Double.POSITIVE_INFINITY, Draw.EPOCH, Groups.SHARED, 0, 0);
  }

  /** Returns noise in every epoch, one draw per epoch for all groups, seed 0. */
  public static NoiseSpec of(Distribution distribution) {
    return new NoiseSpec(distribution);
  }

  /** Returns no noise: every factor is 1 and nothing is clamped. */
  public static NoiseSpec none() {
    return new NoiseSpec(new Distribution.None());
  }

  /**
   * Returns noise α·U(0, 1) in every epoch, one draw per epoch for all groups, not clamped, seed 0.
   *
   * @param alpha in (0, inf)
   * @throws org.noisylr.check.InputException if alpha is out of range
   */
  public static NoiseSpec uniform(double alpha) {
    return new NoiseSpec(new Distribution.Uniform(0, Check.positive("alpha", alpha)));
  }

  /**
   * Returns noise U(low, high) in every epoch, one draw per epoch for all groups, not clamped, seed
   * 0.
   *
   * @param low in [0, high)
   * @param high in (0, inf)
   * @throws org.noisylr.check.InputException if an end is out of range
   */
  public static NoiseSpec uniform(double low, double high) {
    return new NoiseSpec(new Distribution.Uniform(low, high));
  }

  /**
   * Returns noise whose logarithm is uniform on (ln low, ln high), in every epoch, one draw per
   * epoch for all groups, not clamped, seed 0.
   *
   * @param low in (0, high)
   * @param high in (0, inf)
   * @throws org.noisylr.check.InputException if an end is out of range
   */
  public static NoiseSpec logUniform(double low, double high) {
    return new NoiseSpec(new Distribution.LogUniform(low, high));
  }

  /**
   * Returns noise N(mean, std) in every epoch, one draw per epoch for all groups, seed 0; rates
   * below 0 become 0.
   *
   * @param mean finite
   * @param std in (0, inf)
   * @throws org.noisylr.check.InputException if mean or std is out of range
   */
  public static NoiseSpec gaussian(double mean, double std) {
    return new NoiseSpec(new Distribution.Gaussian(mean, std));
  }

  /**
   * Returns this noise for the last fraction of a run: from epoch {@link #firstNoisyEpoch} on.
   *
   * @param beta the fraction β of noisy epochs, in [0, 1]; the paper's default is 0.6
   * @param epochs the number S of epochs of the run, at least 1
   * @throws org.noisylr.check.InputException if beta or epochs is out of range
   */
  public NoiseSpec lastFraction(double beta, long epochs) {
    return fromEpoch(firstNoisyEpoch(beta, epochs));
  }

  /**
   * Returns this noise from an epoch on.
   *
   * @param epoch the first noisy epoch, zero-based, in [0, inf)
   * @throws org.noisylr.check.InputException if epoch is negative
   */
  public NoiseSpec fromEpoch(long epoch) {
    return new NoiseSpec(distribution, epoch, minLr, maxLr, draw, groups, seed, stepsPerEpoch);
  }

  /**
   * Returns this noise with the realised learning rate clamped to [min, max] in noisy epochs.
   *
   * @param min in [0, inf)
   * @param max in [min, inf]
   * @throws org.noisylr.check.InputException if min or max is out of range
   */
  public NoiseSpec within(double min, double max) {
    return new NoiseSpec(distribution, firstEpoch, min, max, draw, groups, seed, stepsPerEpoch);
  }

  /** Returns this noise with a new draw in each step. */
  public NoiseSpec perStep() {
    return new NoiseSpec(
        distribution, firstEpoch, minLr, maxLr, Draw.STEP, groups, seed, stepsPerEpoch);
  }

  /** Returns this noise with an independent draw for each parameter group. */
  public NoiseSpec independentGroups() {
    return new NoiseSpec(
        distribution, firstEpoch, minLr, maxLr, draw, Groups.INDEPENDENT, seed, stepsPerEpoch);
  }

  /**
   * Returns this noise for an optimizer that counts its epochs itself: step k belongs to epoch
   * ⌊k/steps⌋.
   *
   * @param steps the number of steps in an epoch, at least 1
   * @throws org.noisylr.check.InputException if it is less
   */
  public NoiseSpec stepsPerEpoch(long steps) {
    Check.atLeast("stepsPerEpoch", steps, 1);
    return new NoiseSpec(distribution, firstEpoch, minLr, maxLr, draw, groups, seed, steps);
  }

  /** Returns this noise with another seed. */
  public NoiseSpec seed(long newSeed) {
    return new NoiseSpec(
        distribution, firstEpoch, minLr, maxLr, draw, groups, newSeed, stepsPerEpoch);
  }

  /**
   * Returns the first noisy epoch ⌈(1 − β)·S⌉, zero-based; S if no epoch is noisy.
   *
   * <p>The rounding error of (1 − β)·S is a few units of 2⁻⁵³·S: (1 − 0.7)·10 rounds to a number
   * above 3, which would move the window by an epoch. The result is therefore max(0, ⌈(1 − β)·S −
   * S·2⁻⁵⁰⌉).
   *
   * @param beta the fraction β of noisy epochs, in [0, 1]
   * @param epochs the number S of epochs, at least 1
   * @throws org.noisylr.check.InputException if beta or epochs is out of range
   */
  public static long firstNoisyEpoch(double beta, long epochs) {
    Check.within("beta", beta, 0, 1);
    Check.atLeast("epochs", epochs, 1);
    return Math.max(0, (long) Math.ceil((1 - beta) * epochs - epochs * 0x1p-50));
  }

  /**
   * Returns the factor f: 1 before {@link #firstEpoch}, the draw from there on.
   *
   * @param epoch zero-based epoch, in [0, inf)
   * @param step zero-based step over the whole run, in [0, inf)
   * @param group index of the parameter group, in [0, inf)
   * @throws org.noisylr.check.InputException if an argument is negative
   */
  public double factor(long epoch, long step, long group) {
    Check.atLeast("epoch", epoch, 0);
    Check.atLeast("step", step, 0);
    Check.atLeast("group", group, 0);
    if (!noisy(epoch)) {
      return 1;
    }
    long counter = draw == Draw.EPOCH ? epoch : step;
    long subsequence = groups == Groups.SHARED ? 0 : group;
    return distribution.factor(Philox.block(seed, counter, subsequence));
  }

  /**
   * Returns the realised learning rate: the unchanged base rate before {@link #firstEpoch} and
   * without noise, otherwise clamp(base·f, minLr, maxLr).
   *
   * @param baseLr the base learning rate, in [0, inf)
   * @param epoch zero-based epoch, in [0, inf)
   * @param step zero-based step over the whole run, in [0, inf)
   * @param group index of the parameter group, in [0, inf)
   * @throws org.noisylr.check.InputException if an argument is out of range
   */
  public double realised(double baseLr, long epoch, long step, long group) {
    Check.nonNegative("baseLr", baseLr);
    double factor = factor(epoch, step, group);
    return noisy(epoch) ? Math.min(Math.max(baseLr * factor, minLr), maxLr) : baseLr;
  }

  /** Whether the factor of a step depends on its epoch: by the draw, or by the window. */
  public boolean dependsOnEpoch() {
    return !(distribution instanceof Distribution.None) && (draw == Draw.EPOCH || firstEpoch > 0);
  }

  private boolean noisy(long epoch) {
    return epoch >= firstEpoch && !(distribution instanceof Distribution.None);
  }

  /** The expected factor E[f] in noisy epochs, before clamping. */
  public double mean() {
    return distribution.mean();
  }

  /** The variance Var[f] of the factor in noisy epochs, before clamping. */
  public double variance() {
    return distribution.variance();
  }

  /**
   * The variance of f·g divided by that of g, for gradients g ~ U(0, b) that are independent of f.
   * It is the same for all b. Ignores clamping.
   *
   * <p>With m = E[f], v = Var[f], E[g] = b/2 and E[g²] = b²/3,
   *
   * <pre>
   *   D(f·g) = E[f²]·E[g²] − (E[f]·E[g])² = (v + m²)·b²/3 − m²·b²/4 = (4v + m²)·b²/12
   * </pre>
   *
   * <p>and D(g) = b²/12, so the quotient is 4v + m².
   */
  public double gradientVarianceRatio() {
    return 4 * variance() + mean() * mean();
  }

  /**
   * Whether {@link #gradientVarianceRatio} is above 1. For f ~ U(0, a), m = a/2 and v = a²/12, so
   * this means a² &gt; 12/7 (the paper's supplement 1.4).
   */
  public boolean raisesGradientVariance() {
    return gradientVarianceRatio() > 1;
  }

  /**
   * Whether E[f] ≥ 1, which is sufficient (not necessary) for D(f·g) ≥ D(g) with any gradient g
   * that is independent of f (the paper's supplement 1.3). Ignores clamping.
   *
   * <p>D(f·g) = E[f²]·D(g) + Var[f]·E[g]² ≥ E[f]²·D(g) ≥ D(g). For uniform noise this means α ≥ 2.
   */
  public boolean meanAtLeastOne() {
    return mean() >= 1;
  }
}
