package org.noisylr.experiment.chart;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepLineTest {
  @Test
  void equalValuesAreOneLevel() {
    StepLine line = StepLine.of(new double[] {0, 1, 2, 3}, 4, new double[] {5, 5, 7, 7});
    assertThat(line.x()).containsExactly(0, 2, 2, 4);
    assertThat(line.y()).containsExactly(5, 5, 7, 7);
  }
}
