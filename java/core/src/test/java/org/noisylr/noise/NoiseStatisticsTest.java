package org.noisylr.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares statistics of the draws with theory. Seeds are fixed, so the tests are deterministic.
 * The bounds are 5 standard errors or a p-value of 0.001.
 */
class NoiseStatisticsTest {
  private static final int N = 20_000;

  /** A series of draws: by epoch, step, group or seed. */
  record Series(String name, NoiseSpec noise, LongToDoubleFunction draw) {
    @Override
    public String toString() {
      return name;
    }

    double[] draws() {
      return LongStream.range(0, N).mapToDouble(draw).toArray();
    }
  }

  static Stream<Series> series() {
    return Stream.of(
            NoiseSpec.uniform(8).seed(42),
            NoiseSpec.uniform(0.5, 1.5).seed(-3),
            NoiseSpec.logUniform(0.25, 4).seed(42),
            NoiseSpec.gaussian(4, 1).seed(42),
            NoiseSpec.gaussian(-1, 2.5).seed(7))
        .flatMap(NoiseStatisticsTest::series);
  }

  private static Stream<Series> series(NoiseSpec noise) {
    NoiseSpec perStep = noise.perStep();
    NoiseSpec perGroup = noise.independentGroups();
    String name = noise.distribution().toString();
    return Stream.of(
        new Series(name + " by epoch", noise, i -> noise.factor(i, 0, 0)),
        new Series(name + " by step", perStep, i -> perStep.factor(0, i, 0)),
        new Series(name + " by group", perGroup, i -> perGroup.factor(3, 0, i)),
        new Series(name + " by seed", noise, i -> noise.seed(i).factor(100, 0, 0)));
  }

  @ParameterizedTest
  @MethodSource("series")
  void meanAndVarianceAgreeWithTheory(Series series) {
    double[] draws = series.draws();
    double variance = series.noise.variance();
    assertThat(mean(draws)).isCloseTo(series.noise.mean(), within(5 * Math.sqrt(variance / N)));
    // Var[s²] = (kurtosis − 1)·σ⁴/n
    double kurtosis = kurtosis(series.noise.distribution());
    assertThat(variance(draws))
        .isCloseTo(variance, within(5 * variance * Math.sqrt((kurtosis - 1) / N)));
  }

  private static double kurtosis(Distribution distribution) {
    if (distribution instanceof Distribution.Uniform) {
      return 1.8;
    }
    if (distribution instanceof Distribution.LogUniform noise) {
      double logs = Math.log(noise.high() / noise.low());
      double m = noise.mean();
      double square = (Math.pow(noise.high(), 2) - Math.pow(noise.low(), 2)) / (2 * logs);
      double cube = (Math.pow(noise.high(), 3) - Math.pow(noise.low(), 3)) / (3 * logs);
      double fourth = (Math.pow(noise.high(), 4) - Math.pow(noise.low(), 4)) / (4 * logs);
      double central = fourth - 4 * m * cube + 6 * m * m * square - 3 * Math.pow(m, 4);
      return central / Math.pow(noise.variance(), 2);
    }
    return 3;
  }

  @ParameterizedTest
  @MethodSource("series")
  void drawsFollowTheDistribution(Series series) {
    double pValue =
        KolmogorovSmirnovTest.withDefaults()
            .test(series.draws(), x -> cumulative(series.noise.distribution(), x))
            .getPValue();
    assertThat(pValue).isGreaterThan(0.001);
  }

  private static double cumulative(Distribution distribution, double x) {
    if (distribution instanceof Distribution.Gaussian gaussian) {
      return NormalDistribution.of(gaussian.mean(), gaussian.std()).cumulativeProbability(x);
    }
    if (distribution instanceof Distribution.LogUniform noise) {
      return Math.log(x / noise.low()) / Math.log(noise.high() / noise.low());
    }
    Distribution.Uniform uniform = (Distribution.Uniform) distribution;
    return (x - uniform.low()) / (uniform.high() - uniform.low());
  }

  @ParameterizedTest
  @MethodSource("series")
  void neighboursAreUncorrelated(Series series) {
    double[] draws = series.draws();
    for (int lag = 1; lag <= 5; lag++) {
      double[] early = Arrays.copyOfRange(draws, 0, N - lag);
      double[] late = Arrays.copyOfRange(draws, lag, N);
      assertThat(correlation(early, late)).as("lag %d", lag).isCloseTo(0, within(bound()));
    }
  }

  /** Streams of neighbouring seeds and groups, shifted against each other. */
  @ParameterizedTest
  @MethodSource("series")
  void neighbouringStreamsAreUncorrelated(Series series) {
    NoiseSpec noise = series.noise.independentGroups();
    double[] stream = stream(noise, 0, 0);
    for (int shift = -2; shift <= 2; shift++) {
      assertThat(correlation(stream, stream(noise.seed(noise.seed() + 1), shift, 0)))
          .as("next seed, shifted by %d", shift)
          .isCloseTo(0, within(bound()));
      assertThat(correlation(stream, stream(noise, shift, 1)))
          .as("next group, shifted by %d", shift)
          .isCloseTo(0, within(bound()));
    }
  }

  private static double[] stream(NoiseSpec noise, int shift, int group) {
    return LongStream.range(0, N)
        .mapToDouble(i -> noise.factor(10 + shift + i, 10 + shift + i, group))
        .toArray();
  }

  private static double bound() {
    return 5 / Math.sqrt(N);
  }

  private static double mean(double[] x) {
    return Arrays.stream(x).average().orElseThrow();
  }

  private static double variance(double[] x) {
    return covariance(x, x);
  }

  private static double covariance(double[] x, double[] y) {
    double meanX = mean(x);
    double meanY = mean(y);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (x[i] - meanX) * (y[i] - meanY);
    }
    return sum / (x.length - 1);
  }

  private static double correlation(double[] x, double[] y) {
    return covariance(x, y) / Math.sqrt(variance(x) * variance(y));
  }
}
