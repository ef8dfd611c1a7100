package org.noisylr.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.noisylr.check.InputException;

class RatioTest {
  @Test
  void isTheGeometricMeanWithStudentsInterval() {
    // The logs of the ratios are log 2 ± 0.1: mean log 2, s = 0.1, t = 4.3027 for 2 degrees.
    double[] times = {2 * Math.exp(-0.1), 2, 2 * Math.exp(0.1)};
    Ratio ratio = Ratio.of(times, new double[] {1, 1, 1});
    double half = 4.3026527 * 0.1 / Math.sqrt(3);
    assertThat(ratio.estimate()).isCloseTo(2, within(1e-12));
    assertThat(ratio.low()).isCloseTo(2 * Math.exp(-half), within(1e-6));
    assertThat(ratio.high()).isCloseTo(2 * Math.exp(half), within(1e-6));
  }

  @Test
  void aCommonFactorOfARoundCancels() {
    Ratio ratio = Ratio.of(new double[] {1, 10, 3, 100}, new double[] {2, 20, 6, 200});
    assertThat(ratio).hasToString("0.500 (0.500 to 0.500)");
  }

  @Test
  void fewRoundsHaveNoInterval() {
    assertThat(Ratio.of(new double[] {1}, new double[] {2})).hasToString("0.500");
    assertThat(Ratio.of(new double[] {1, 4}, new double[] {1, 1})).hasToString("2.000");
  }

  @Test
  void rejectsDifferentNumbersOfRounds() {
    assertThatThrownBy(() -> Ratio.of(new double[3], new double[4]))
        .isInstanceOf(InputException.class)
        .hasMessage("both sides of a ratio must have the same number of rounds, but have 3 and 4");
  }
}
