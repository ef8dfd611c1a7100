package org.noisylr.experiment.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;

class LrChartTest {
  private static final String NOISY = "stroke:rgb(213,94,0)";
  private static final String SCHEDULE = "stroke:rgb(0,114,178)";

  private static String svg(NoiseSpec noise) {
    return new String(LrChart.of(new Constant(0.1), noise, 3, 2).svg(), StandardCharsets.UTF_8);
  }

  @Test
  void noiseIsDrawnOnlyIfThereIsSome() {
    assertThat(svg(NoiseSpec.none()).contains(SCHEDULE)).isTrue();
    assertThat(svg(NoiseSpec.none()).contains(NOISY)).isFalse();
    assertThat(svg(NoiseSpec.uniform(8)).contains(NOISY)).isTrue();
  }

  @Test
  void theBeginningOfTheNoiseIsMarked() {
    assertThat(LineChartTest.texts(svg(NoiseSpec.uniform(8).fromEpoch(1))))
        .containsSubsequence("schedule", "with noise")
        .contains("noise");
    assertThat(LineChartTest.texts(svg(NoiseSpec.none()))).doesNotContain("noise");
    assertThat(LineChartTest.texts(svg(NoiseSpec.uniform(8).fromEpoch(3)))).doesNotContain("noise");
  }

  @Test
  void numbersOfEpochsHaveNoSeparators() {
    LineChart chart = LrChart.of(new Constant(0.1), NoiseSpec.none(), 2500, 1);
    assertThat(LineChartTest.texts(new String(chart.svg(), StandardCharsets.UTF_8)))
        .contains("1000", "2000");
  }

  @Test
  void epochsCountFrom1() {
    assertThat(LineChartTest.texts(svg(NoiseSpec.none()))).contains("1", "2", "3");
  }
}
