package org.noisylr.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.check.Rejections.rejection;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class CheckTest {
  @Test
  void returnsAllowedValues() {
    assertThat(Check.positive("x", Double.MIN_VALUE)).isEqualTo(Double.MIN_VALUE);
    assertThat(Check.nonNegative("x", 0)).isZero();
    assertThat(Check.finite("x", -Double.MAX_VALUE)).isEqualTo(-Double.MAX_VALUE);
    assertThat(Check.within("x", 0.0, 0, 1)).isZero();
    assertThat(Check.within("n", 3L, 1, 3)).isEqualTo(3);
    assertThat(Check.within("x", 1, 0, 1)).isOne();
    assertThat(Check.atLeast("x", 0.5, 0.5)).isEqualTo(0.5);
    assertThat(Check.atLeast("x", 3, 3)).isEqualTo(3);
  }

  @TestFactory
  Stream<DynamicTest> rejects() {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    return Stream.of(
        rejection("x must be greater than 0, but is 0.0", () -> Check.positive("x", 0)),
        rejection("x must be finite, but is Infinity", () -> Check.positive("x", inf)),
        rejection("x must be at least 0, but is -1.0", () -> Check.nonNegative("x", -1)),
        rejection("x must be finite, but is NaN", () -> Check.nonNegative("x", nan)),
        rejection("x must be finite, but is -Infinity", () -> Check.finite("x", -inf)),
        rejection("x must be in [0.0, 1.0], but is 1.5", () -> Check.within("x", 1.5, 0, 1)),
        rejection("n must be in [1, 3], but is 4", () -> Check.within("n", 4, 1, 3)),
        rejection("n must be in [1, 3], but is 0", () -> Check.within("n", 0, 1, 3)),
        rejection("x must be in [0.0, 1.0], but is NaN", () -> Check.within("x", nan, 0, 1)),
        rejection("x must be at least 0.5, but is 0.4", () -> Check.atLeast("x", 0.4, 0.5)),
        rejection("x must be finite, but is Infinity", () -> Check.atLeast("x", inf, 0.5)),
        rejection("x must be finite, but is NaN", () -> Check.atLeast("x", nan, 0.5)),
        rejection("x must be greater than 0.5, but is 0.5", () -> Check.greater("x", 0.5, 0.5)),
        rejection("x must be finite, but is Infinity", () -> Check.greater("x", inf, 0.5)),
        rejection("x is required", () -> Check.required("x", null)),
        rejection("x must be at least 3, but is 2", () -> Check.atLeast("x", 2, 3)));
  }

  @Test
  void messagesAreOneLineOfLimitedLength() {
    assertThat(new InputException(" a\n\t b\0c\u2028d ")).hasMessage("a b c d");
    assertThat(new InputException("x".repeat(5000))).hasMessage("x".repeat(4000) + " …");
  }

  @Test
  void namedReplacesTheNameOfTheField() {
    Map<String, String> options = Map.of("lr", "--lr", "lrs", "--lrs");
    InputException error = Check.invalid("lr", 3, "0");
    assertThat(error.named(options)).hasMessage("--lr must be 0, but is 3").hasCause(error);
    assertThat(error.named(Map.of("x", "--x"))).isSameAs(error);
    InputException other = new InputException("lr must be 0, but is 3");
    assertThat(other.named(options)).isSameAs(other);
  }
}
