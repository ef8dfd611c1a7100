package org.noisylr.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.noisylr.check.Rejections.rejection;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Scale;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.noise.Distribution.Gaussian;
import org.noisylr.noise.Distribution.LogUniform;
import org.noisylr.noise.Distribution.None;
import org.noisylr.noise.Distribution.Uniform;
import org.noisylr.noise.NoiseSpec.Draw;
import org.noisylr.noise.NoiseSpec.Groups;

class NoiseSpecTest {

  @Test
  void buildersSetTheFields() {
    assertThat(NoiseSpec.uniform(8).lastFraction(0.6, 200).seed(42))
        .isEqualTo(
            new NoiseSpec(
                new Uniform(0, 8),
                80,
                0,
                Double.POSITIVE_INFINITY,
                Draw.EPOCH,
                Groups.SHARED,
                42,
                0));
    assertThat(
            NoiseSpec.gaussian(4, 1)
                .within(1e-4, 0.5)
                .perStep()
                .independentGroups()
                .fromEpoch(3)
                .stepsPerEpoch(391))
        .isEqualTo(
            new NoiseSpec(new Gaussian(4, 1), 3, 1e-4, 0.5, Draw.STEP, Groups.INDEPENDENT, 0, 391));
    assertThat(NoiseSpec.uniform(0.5, 1.5).distribution()).isEqualTo(new Uniform(0.5, 1.5));
    assertThat(NoiseSpec.logUniform(0.5, 2).distribution()).isEqualTo(new LogUniform(0.5, 2));
    assertThat(NoiseSpec.none().distribution()).isEqualTo(new None());
  }

  // Golden vectors

  @Test
  void goldenFactors() {
    List<CSVRecord> rows = Golden.rows("noise.csv");
    assertThat(rows).hasSizeGreaterThan(150);
    for (CSVRecord row : rows) {
      NoiseSpec noise = noise(row);
      double expected = Double.parseDouble(row.get("factor"));
      double actual = noise.factor(number(row, "epoch"), number(row, "step"), number(row, "group"));
      assertThat(Math.abs(actual - expected))
          .as("%s", row)
          .isLessThanOrEqualTo(tolerance(noise.distribution(), expected));
    }
  }

  private static NoiseSpec noise(CSVRecord row) {
    double first = Double.parseDouble(row.get("param1"));
    double second = Double.parseDouble(row.get("param2"));
    Distribution distribution =
        switch (row.get("distribution")) {
          case "none" -> new None();
          case "uniform" -> new Uniform(first, second);
          case "log-uniform" -> new LogUniform(first, second);
          case "gaussian" -> new Gaussian(first, second);
          default -> throw new AssertionError(row);
        };
    return new NoiseSpec(
        distribution,
        number(row, "first_epoch"),
        0,
        Double.POSITIVE_INFINITY,
        row.get("draw").equals("epoch") ? Draw.EPOCH : Draw.STEP,
        row.get("groups").equals("shared") ? Groups.SHARED : Groups.INDEPENDENT,
        number(row, "seed"),
        0);
  }

  private static long number(CSVRecord row, String column) {
    return Long.parseLong(row.get(column));
  }

  /** Libraries round logarithm, exponential and cosine differently. */
  private static double tolerance(Distribution distribution, double factor) {
    if (distribution instanceof Gaussian gaussian) {
      return 3 * Math.ulp(Math.max(Math.abs(gaussian.mean()), Math.abs(factor - gaussian.mean())));
    }
    if (distribution instanceof LogUniform noise) {
      double logs = Math.abs(Math.log(noise.low())) + Math.abs(Math.log(noise.high()));
      return 4 * Math.ulp(factor) * (1 + logs);
    }
    return 0;
  }

  @Test
  void goldenWindows() {
    List<CSVRecord> rows = Golden.rows("window.csv");
    assertThat(rows).hasSizeGreaterThan(500);
    for (CSVRecord row : rows) {
      double beta = Double.parseDouble(row.get("beta"));
      assertThat(NoiseSpec.firstNoisyEpoch(beta, number(row, "epochs")))
          .as("%s", row)
          .isEqualTo(number(row, "first_epoch"));
    }
  }

  // The noise window

  @Test
  void paperWindow() {
    NoiseSpec noise = NoiseSpec.uniform(8).lastFraction(0.6, 200).seed(42);
    assertThat(IntStream.range(0, 80)).allSatisfy(e -> assertThat(noise.factor(e, e, 0)).isOne());
    assertThat(IntStream.range(80, 200).mapToObj(e -> noise.factor(e, e, 0)))
        .doesNotHaveDuplicates()
        .allSatisfy(f -> assertThat(f).isPositive().isLessThan(8).isNotEqualTo(1));
  }

  @Test
  void roundingDoesNotMoveTheWindow() {
    assertThat((1 - 0.7) * 10).isGreaterThan(3);
    assertThat(NoiseSpec.firstNoisyEpoch(0.7, 10)).isEqualTo(3);
    assertThat(NoiseSpec.firstNoisyEpoch(0.1 + 0.2, 10)).isEqualTo(7);
    assertThat(NoiseSpec.firstNoisyEpoch(1 / 3.0, 3)).isEqualTo(2);
    assertThat(NoiseSpec.firstNoisyEpoch(1, 200)).isZero();
    assertThat(NoiseSpec.firstNoisyEpoch(0, 200)).isEqualTo(200);
  }

  @Property
  void hundredthsAreExact(
      @ForAll @IntRange(max = 100) int hundredths,
      @ForAll @LongRange(min = 1, max = 10_000_000) long epochs) {
    long expected = -Math.floorDiv((hundredths - 100) * epochs, 100);
    assertThat(NoiseSpec.firstNoisyEpoch(hundredths / 100.0, epochs)).isEqualTo(expected);
  }

  @Property
  void smallerBetaStartsLater(
      @ForAll @Scale(9) @DoubleRange(max = 1) double a,
      @ForAll @Scale(9) @DoubleRange(max = 1) double b,
      @ForAll @LongRange(min = 1, max = 1_000_000) long epochs) {
    long first = NoiseSpec.firstNoisyEpoch(Math.max(a, b), epochs);
    assertThat(first).isBetween(0L, epochs);
    assertThat(first).isLessThanOrEqualTo(NoiseSpec.firstNoisyEpoch(Math.min(a, b), epochs));
  }

  @Property
  void factorIsOneOnlyBeforeTheWindow(
      @ForAll @IntRange(max = 1000) int epoch,
      @ForAll @IntRange(max = 1000) int first,
      @ForAll long seed) {
    double factor = NoiseSpec.uniform(0.5).fromEpoch(first).seed(seed).factor(epoch, epoch, 0);
    assertThat(factor == 1).isEqualTo(epoch < first);
  }

  @Property
  void noneIsAlwaysOneAndNeverClamps(
      @ForAll @IntRange(max = 1000) int epoch, @ForAll @Scale(9) @DoubleRange(max = 10) double lr) {
    NoiseSpec none = NoiseSpec.none().within(20, 30);
    assertThat(none.factor(epoch, epoch, 0)).isOne();
    assertThat(none.realised(lr, epoch, epoch, 0)).isEqualTo(lr);
  }

  // The arguments that determine a draw

  @Property
  void isPure(
      @ForAll long seed,
      @ForAll @LongRange(min = 0) long epoch,
      @ForAll @LongRange(min = 0) long step,
      @ForAll @IntRange(max = 100) int group) {
    NoiseSpec noise = NoiseSpec.gaussian(4, 1).perStep().independentGroups().seed(seed);
    double first = noise.factor(epoch, step, group);
    noise.factor(epoch / 2, step / 2, group + 1);
    assertThat(noise.factor(epoch, step, group)).isEqualTo(first);
    assertThat(NoiseSpec.gaussian(4, 1).seed(seed).independentGroups().perStep())
        .extracting(equal -> equal.factor(epoch, step, group))
        .isEqualTo(first);
  }

  @Property
  void perEpochHoldsOverTheSteps(
      @ForAll long seed,
      @ForAll @IntRange(max = 500) int epoch,
      @ForAll @LongRange(min = 0) long step) {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(seed);
    assertThat(noise.factor(epoch, step, 0)).isEqualTo(noise.factor(epoch, 0, 0));
    assertThat(noise.factor(epoch + 1, step, 0)).isNotEqualTo(noise.factor(epoch, step, 0));
  }

  @Property
  void perStepDrawsAnew(
      @ForAll long seed, @ForAll @IntRange(max = 500) int epoch, @ForAll @IntRange int step) {
    NoiseSpec noise = NoiseSpec.uniform(8).perStep().seed(seed);
    assertThat(noise.factor(epoch, step + 1L, 0)).isNotEqualTo(noise.factor(epoch, step, 0));
    assertThat(noise.factor(epoch + 1, step, 0)).isEqualTo(noise.factor(epoch, step, 0));
  }

  @Property
  void groupsShareOrNot(
      @ForAll long seed,
      @ForAll @IntRange(max = 500) int epoch,
      @ForAll @IntRange(min = 1, max = 50) int group) {
    NoiseSpec shared = NoiseSpec.uniform(8).seed(seed);
    NoiseSpec independent = shared.independentGroups();
    assertThat(shared.factor(epoch, 0, group)).isEqualTo(shared.factor(epoch, 0, 0));
    assertThat(independent.factor(epoch, 0, group)).isNotEqualTo(independent.factor(epoch, 0, 0));
    assertThat(independent.factor(epoch, 0, 0)).isEqualTo(shared.factor(epoch, 0, 0));
  }

  @Property
  void neighbouringSeedsShareNoShiftedStream(
      @ForAll long seed, @ForAll @IntRange(max = 10_000) int epoch) {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(seed);
    NoiseSpec next = NoiseSpec.uniform(8).seed(seed + 1);
    assertThat(next.factor(epoch, 0, 0)).isNotEqualTo(noise.factor(epoch + 1, 0, 0));
    assertThat(next.factor(epoch, 0, 0)).isNotEqualTo(noise.factor(epoch, 0, 0));
    assertThat(next.factor(epoch + 1, 0, 0)).isNotEqualTo(noise.factor(epoch, 0, 0));
  }

  // The realised learning rate

  @Property
  void realisedIsTheClampedProduct(
      @ForAll @Scale(9) @DoubleRange(max = 1) double lr,
      @ForAll @Scale(9) @DoubleRange(max = 0.5) double min,
      @ForAll @Scale(9) @DoubleRange(max = 2) double width,
      @ForAll long seed) {
    NoiseSpec noise = NoiseSpec.gaussian(1, 3).within(min, min + width).fromEpoch(5).seed(seed);
    double product = lr * noise.factor(5, 0, 0);
    assertThat(noise.realised(lr, 5, 0, 0))
        .isBetween(min, min + width)
        .isEqualTo(product < min ? min : product > min + width ? min + width : product);
    assertThat(noise.realised(lr, 4, 0, 0)).isEqualTo(lr);
  }

  @Test
  void negativeDrawsBecomeTheMinimumRate() {
    NoiseSpec negative = NoiseSpec.gaussian(-100, 1);
    assertThat(negative.factor(0, 0, 0)).isNegative();
    assertThat(negative.realised(0.1, 0, 0, 0)).isZero();
    assertThat(negative.within(1e-4, 1).realised(0.1, 0, 0, 0)).isEqualTo(1e-4);
  }

  @Test
  void minAndMaxCanBeEqual() {
    assertThat(NoiseSpec.uniform(8).within(0.3, 0.3).realised(0.1, 0, 0, 0)).isEqualTo(0.3);
  }

  // The variance of noisy gradients

  @Test
  void uniformRaisesTheVarianceAboveAlphaSquaredTwelveSevenths() {
    double threshold = Math.sqrt(12.0 / 7);
    assertThat(NoiseSpec.uniform(threshold + 1e-9).raisesGradientVariance()).isTrue();
    assertThat(NoiseSpec.uniform(threshold - 1e-9).raisesGradientVariance()).isFalse();
    assertThat(NoiseSpec.uniform(8).raisesGradientVariance()).isTrue();
    assertThat(NoiseSpec.uniform(0.5, 1.5).raisesGradientVariance()).isTrue();
    assertThat(NoiseSpec.uniform(0.5, 1).raisesGradientVariance()).isFalse();
    assertThat(NoiseSpec.logUniform(0.5, 2).raisesGradientVariance()).isTrue();
    assertThat(NoiseSpec.logUniform(0.25, 1).raisesGradientVariance()).isFalse();
    assertThat(NoiseSpec.none().raisesGradientVariance()).isFalse();
    assertThat(NoiseSpec.gaussian(0, 0.51).raisesGradientVariance()).isTrue();
    assertThat(NoiseSpec.gaussian(0, 0.49).raisesGradientVariance()).isFalse();
  }

  @Test
  void meanAtLeastOneStartsAtAlphaTwo() {
    assertThat(NoiseSpec.uniform(2).meanAtLeastOne()).isTrue();
    assertThat(NoiseSpec.uniform(Math.nextDown(2.0)).meanAtLeastOne()).isFalse();
    assertThat(NoiseSpec.gaussian(1, 1).meanAtLeastOne()).isTrue();
    assertThat(NoiseSpec.gaussian(-4, 1).meanAtLeastOne()).isFalse();
  }

  @Test
  void momentsEqualThoseOfTheDistribution() {
    assertThat(NoiseSpec.uniform(6).mean()).isEqualTo(3);
    assertThat(NoiseSpec.uniform(6).variance()).isEqualTo(3);
  }

  // Errors

  @TestFactory
  Stream<DynamicTest> rejects() {
    NoiseSpec noise = NoiseSpec.uniform(8);
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    return Stream.of(
        rejection("alpha must be greater than 0, but is 0.0", () -> NoiseSpec.uniform(0)),
        rejection("low must be at least 0, but is -0.5", () -> NoiseSpec.uniform(-0.5, 1)),
        rejection("high must be greater than 1.0, but is 1.0", () -> NoiseSpec.uniform(1, 1)),
        rejection("low must be greater than 0, but is 0.0", () -> NoiseSpec.logUniform(0, 1)),
        rejection("high must be finite, but is Infinity", () -> NoiseSpec.logUniform(1, inf)),
        rejection("stepsPerEpoch must be at least 1, but is 0", () -> noise.stepsPerEpoch(0)),
        rejection("mean must be finite, but is NaN", () -> NoiseSpec.gaussian(nan, 1)),
        rejection("std must be greater than 0, but is -1.0", () -> NoiseSpec.gaussian(4, -1)),
        rejection("firstEpoch must be at least 0, but is -1", () -> noise.fromEpoch(-1)),
        rejection("minLr must be at least 0, but is -0.1", () -> noise.within(-0.1, 1)),
        rejection("minLr must be finite, but is NaN", () -> noise.within(nan, 1)),
        rejection("minLr must be finite, but is Infinity", () -> noise.within(inf, inf)),
        rejection("maxLr must be at least 0.2, but is 0.1", () -> noise.within(0.2, 0.1)),
        rejection("maxLr must be at least 0.0, but is NaN", () -> noise.within(0, nan)),
        rejection("beta must be in [0.0, 1.0], but is 1.1", () -> noise.lastFraction(1.1, 200)),
        rejection("beta must be in [0.0, 1.0], but is -0.1", () -> noise.lastFraction(-0.1, 200)),
        rejection("beta must be in [0.0, 1.0], but is NaN", () -> noise.lastFraction(nan, 200)),
        rejection("epochs must be at least 1, but is 0", () -> noise.lastFraction(0.6, 0)),
        rejection("epoch must be at least 0, but is -1", () -> noise.factor(-1, 0, 0)),
        rejection("step must be at least 0, but is -1", () -> noise.factor(0, -1, 0)),
        rejection("group must be at least 0, but is -1", () -> noise.factor(0, 0, -1)),
        rejection("baseLr must be finite, but is NaN", () -> noise.realised(nan, 0, 0, 0)),
        rejection("baseLr must be at least 0, but is -0.1", () -> noise.realised(-0.1, 0, 0, 0)),
        rejection("epoch must be at least 0, but is -1", () -> noise.realised(0.1, -1, 0, 0)));
  }

  @ParameterizedTest
  @MethodSource
  void withersKeepTheOtherFields(String changed, Function<NoiseSpec, NoiseSpec> wither) {
    NoiseSpec before =
        new NoiseSpec(new Uniform(0, 3), 7, 0.1, 0.9, Draw.EPOCH, Groups.SHARED, 11, 5);
    assertThat(wither.apply(before))
        .isNotEqualTo(before)
        .usingRecursiveComparison()
        .ignoringFields(changed.split(","))
        .isEqualTo(before);
  }

  static Stream<Arguments> withersKeepTheOtherFields() {
    return Stream.of(
        wither("firstEpoch", n -> n.fromEpoch(1)),
        wither("firstEpoch", n -> n.lastFraction(0.5, 10)),
        wither("minLr,maxLr", n -> n.within(0.2, 0.3)),
        wither("draw", NoiseSpec::perStep),
        wither("groups", NoiseSpec::independentGroups),
        wither("seed", n -> n.seed(12)),
        wither("stepsPerEpoch", n -> n.stepsPerEpoch(6)));
  }

  private static Arguments wither(String changed, Function<NoiseSpec, NoiseSpec> wither) {
    return arguments(changed, wither);
  }

  /**
   * Simulates supplement 1.3 and 1.4 with gradients g ~ U(0, 3) and independent factors f. The
   * ratio of the sample variances of f·g and g agrees with the formula within five standard errors
   * (1 %), and is above 1 exactly when the criterion is met.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 1.2, 1.4, 2, 8})
  void varianceOfStepsAgreesWithTheory(double alpha) {
    NoiseSpec noise = NoiseSpec.uniform(alpha).perStep().seed(11);
    Random random = new Random(5);
    int n = 1_000_000;
    double sum = 0;
    double squares = 0;
    double sumOfProducts = 0;
    double squaresOfProducts = 0;
    for (int i = 0; i < n; i++) {
      double g = 3 * random.nextDouble();
      double product = noise.factor(0, i, 0) * g;
      sum += g;
      squares += g * g;
      sumOfProducts += product;
      squaresOfProducts += product * product;
    }
    double ratio =
        (squaresOfProducts / n - Math.pow(sumOfProducts / n, 2))
            / (squares / n - Math.pow(sum / n, 2));
    assertThat(ratio / noise.gradientVarianceRatio()).isCloseTo(1, within(0.01));
    assertThat(ratio > 1).isEqualTo(noise.raisesGradientVariance());
    assertThat(noise.raisesGradientVariance()).isEqualTo(alpha * alpha > 12.0 / 7);
  }
}
