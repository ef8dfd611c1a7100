package org.noisylr.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution.Gaussian;
import org.noisylr.noise.Distribution.LogUniform;
import org.noisylr.noise.Distribution.None;
import org.noisylr.noise.Distribution.Uniform;

class DistributionTest {
  private static final int[] ALL_ZERO = {0, 0, 0, 0};
  private static final int[] ALL_ONE = {-1, -1, -1, -1};

  @Test
  void momentsOfNone() {
    assertThat(new None().mean()).isEqualTo(1);
    assertThat(new None().variance()).isZero();
    assertThat(new None().factor(ALL_ONE)).isEqualTo(1);
  }

  @Test
  void momentsOfUniform() {
    assertThat(new Uniform(0, 6).mean()).isEqualTo(3);
    assertThat(new Uniform(0, 6).variance()).isEqualTo(3);
    assertThat(new Uniform(1, 7).mean()).isEqualTo(4);
    assertThat(new Uniform(1, 7).variance()).isEqualTo(3);
  }

  @Test
  void momentsOfLogUniform() {
    LogUniform noise = new LogUniform(1, Math.E);
    assertThat(noise.mean()).isCloseTo(Math.E - 1, within(1e-15));
    assertThat(noise.variance())
        .isCloseTo((Math.E * Math.E - 1) / 2 - Math.pow(Math.E - 1, 2), within(1e-15));
  }

  @Test
  void logUniformIsTheExponentialOfAUniformNumber() {
    int[] half = {0x80000000, 0, 0, 0};
    assertThat(new LogUniform(0.5, 8).factor(half)).isCloseTo(2, within(1e-15));
    assertThat(new LogUniform(0.5, 8).factor(ALL_ZERO)).isCloseTo(0.5, within(1e-15));
    assertThat(new LogUniform(0.5, 8).factor(ALL_ONE)).isCloseTo(8, within(1e-14));
  }

  @Test
  void momentsOfGaussian() {
    assertThat(new Gaussian(4, 3).mean()).isEqualTo(4);
    assertThat(new Gaussian(4, 3).variance()).isEqualTo(9);
  }

  @Test
  void uniformNumbersAreStrictlyBetweenZeroAndOne() {
    Uniform p = new Uniform(0, 1);
    assertThat(p.factor(ALL_ZERO)).isEqualTo(0x1p-54);
    assertThat(p.factor(ALL_ONE)).isEqualTo(Math.nextDown(1.0));
    assertThat(p.factor(new int[] {0x80000000, 0, 0, 0})).isEqualTo(0.5);
    assertThat(p.factor(new int[] {0x20000000, 0x800, 0, 0})).isEqualTo(0.125 + 1.5 * 0x1p-53);
    assertThat(p.factor(new int[] {0x20000000, 0x7ff, 0, 0})).isEqualTo(0.125 + 0.5 * 0x1p-53);
  }

  @Property
  void uniformFactorsAreInTheInterval(
      @ForAll @Size(4) int[] words,
      @ForAll @Scale(6) @DoubleRange(min = 1e-6, max = 1e6) double low,
      @ForAll @Scale(6) @DoubleRange(min = 1e-6, max = 1e6) double width) {
    assertThat(new Uniform(0, width).factor(words)).isPositive().isLessThan(width);
    assertThat(new Uniform(low, low + width).factor(words)).isBetween(low, low + width);
  }

  @Property
  void gaussianFactorsAreWithinTheRangeOfTheTransform(@ForAll @Size(4) int[] words) {
    double limit = Math.sqrt(2 * 54 * Math.log(2));
    assertThat(new Gaussian(0, 1).factor(words)).isBetween(-limit, limit);
  }

  @Test
  void gaussianIsTheBoxMullerTransform() {
    Gaussian standard = new Gaussian(0, 1);
    int[] words = {0x80000000, 0, 0x40000000, 0x12345678};
    double radius = Math.sqrt(2 * Math.log(2));
    double angle = 2 * Math.PI * (0x4000000012345678L * 0x1p-64);
    assertThat(standard.factor(words)).isCloseTo(radius * Math.cos(angle), within(1e-15));
    assertThat(new Gaussian(4, 2).factor(words)).isEqualTo(4 + 2 * standard.factor(words));
    assertThat(standard.factor(ALL_ZERO)).isEqualTo(Math.sqrt(2 * 54 * Math.log(2)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void rejectsNonFiniteValues(double value) {
    assertRejects("low must be finite, but is " + value, () -> new Uniform(value, 1));
    assertRejects("high must be finite, but is " + value, () -> new Uniform(0, value));
    assertRejects("low must be finite, but is " + value, () -> new LogUniform(value, 1));
    assertRejects("mean must be finite, but is " + value, () -> new Gaussian(value, 1));
    assertRejects("std must be finite, but is " + value, () -> new Gaussian(4, value));
  }

  private static void assertRejects(String message, ThrowingCallable constructor) {
    assertThatThrownBy(constructor).isInstanceOf(InputException.class).hasMessage(message);
  }
}
