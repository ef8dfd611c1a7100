package org.noisylr.experiment.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateAxisTest {
  private static RateAxis of(double... rates) {
    return RateAxis.of(rates, rates);
  }

  @ParameterizedTest
  @CsvSource({"0.1, 0.1, false", "0.1, 0.002, false", "0.1, 0.0019, true", "0.1, 0, false"})
  void itIsLogarithmicAboveARatioOf50(double greatest, double least, boolean logarithmic) {
    assertThat(of(greatest, least).logarithmic()).isEqualTo(logarithmic);
  }

  @Test
  void theScheduleDecidesNotTheDraws() {
    RateAxis axis = RateAxis.of(new double[] {0.01}, new double[] {1e-6, 0.08});
    assertThat(axis.logarithmic()).isFalse();
    assertThat(axis.low()).isZero();
    assertThat(axis.high()).isBetween(0.08, 0.1);
  }

  /** A cosine ends at a rate of nearly 0, where it spends no time. */
  @Test
  void aCosineKeepsItsForm() {
    double[] cosine =
        IntStream.range(0, 1000)
            .mapToDouble(i -> 0.05 * (1 + Math.cos(Math.PI * i / 1000)))
            .toArray();
    RateAxis axis = of(cosine);
    assertThat(axis.low()).isBetween(5e-6, 1e-5);
    assertThat(axis.clip(new double[] {0, 1e-9, 0.05}))
        .containsExactly(axis.low(), axis.low(), 0.05);
  }

  @Test
  void aScheduleThatStaysLowIsNotCut() {
    RateAxis axis = of(0.1, 1e-3, 1e-6, 1e-6, 1e-6);
    assertThat(axis.low()).isLessThan(1e-6);
  }

  /** Infinite and denormal rates and rates of 0 only. */
  @ParameterizedTest
  @CsvSource({"0, 0", "1e308, Infinity", "1e-320, 1e-321", "1e100, 1e-100"})
  void everyRateCanBeDrawn(double a, double b) {
    RateAxis axis = of(a, b);
    LineChart chart = new LineChart("x", "y").yAxis(axis);
    double[] x = {0, 1};
    chart.line("rates", x, axis.clip(new double[] {a, b}), Ink.PLAIN);
    assertThat(new String(chart.svg(), StandardCharsets.UTF_8)).doesNotContain("NaN", "∞");
  }

  @Test
  void numbersHaveNoExponents() {
    for (RateAxis axis : new RateAxis[] {of(0.1, 1e-4), of(1e-4, 5e-5)}) {
      String svg = new String(new LineChart("x", "y").yAxis(axis).svg(), StandardCharsets.UTF_8);
      assertThat(LineChartTest.texts(svg)).contains("0.0001").noneMatch(t -> t.contains("E"));
    }
  }
}
