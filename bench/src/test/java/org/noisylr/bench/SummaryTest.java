package org.noisylr.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SummaryTest {
  @TempDir private Path directory;

  @Test
  void aRatioIsTheGeometricMeanOverRoundsWithStudentsInterval() {
    // The logs of the ratios are log 2 ± 0.1: mean log 2, s = 0.1, t = 4.3027 for 2 degrees.
    double[] times = {2 * Math.exp(-0.1), 2, 2 * Math.exp(0.1)};
    Ratio ratio = Ratio.of(times, new double[] {1, 1, 1});
    double half = 4.3026527 * 0.1 / Math.sqrt(3);
    assertThat(ratio.estimate()).isCloseTo(2, within(1e-12));
    assertThat(ratio.low()).isCloseTo(2 * Math.exp(-half), within(1e-6));
    assertThat(ratio.high()).isCloseTo(2 * Math.exp(half), within(1e-6));
  }

  @Test
  void whatBothSidesOfARoundShareCancels() {
    Ratio ratio = Ratio.of(new double[] {1, 10, 3, 100}, new double[] {2, 20, 6, 200});
    assertThat(ratio).hasToString("0.500 (0.500 to 0.500)");
  }

  @Test
  void sidesOfDifferentLengthsAreRefused() {
    assertThatThrownBy(() -> Ratio.of(new double[3], new double[4]))
        .hasMessage("both need equally many rounds, but have 3 and 4");
  }

  @Test
  void theTablesAreMadeOfWhatTheFileHolds() throws IOException {
    Path file = directory.resolve("jmh.json");
    Files.writeString(
        file,
        """
        [
          {"benchmark": "org.noisylr.bench.StepBenchmark.step",
           "params": {"algorithm": "SGD", "parameters": "RESNET20", "variant": "PLAIN"},
           "primaryMetric": {"rawData": [[300.0, 302.0], [400.0], [350.0]]},
           "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 136.02, "rawData": [[136.02]]}}},
          {"benchmark": "org.noisylr.bench.StepBenchmark.step",
           "params": {"algorithm": "SGD", "parameters": "RESNET20", "variant": "NOISY_FUSED"},
           "primaryMetric": {"rawData": [[30.1], [40.0], [35.0]]},
           "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 0.5, "rawData": [[0.5]]}}},
          {"benchmark": "org.noisylr.bench.NoiseCostBenchmark.turns",
           "params": {"algorithm": "ADAM"},
           "primaryMetric": {"rawData": [[9.0], [9.0], [9.0]]},
           "secondaryMetrics": {"plain": {"rawData": [[100.0, 200.0], [100.0], [100.0]]},
                                "noisy": {"rawData": [[153.0, 150.0], [101.0], [101.0]]}}},
          {"benchmark": "org.noisylr.bench.ScheduleBenchmark.lr",
           "params": {"kind": "WR"},
           "primaryMetric": {"rawData": [[80.0], [84.0]]}}
        ]
        """);
    assertThat(Summary.of(file))
        .contains("| ADAM | 1.010 (1.010 to 1.010) |")
        .contains("| RESNET20 | SGD | 350 |  |  | 0.100 (0.100 to 0.100) | 136, 0.5 |  |")
        .contains("| schedule WR | 82.0 ns |")
        .doesNotContain("training step")
        .doesNotContain("bandwidth (");
  }

  @ParameterizedTest
  @EnumSource
  void theNumberOfValuesIsTheOneStated(ParameterSet parameters) {
    try (PointerScope scope = new PointerScope()) {
      TensorVector tensors = parameters.create();
      long values = 0;
      for (long i = 0; i < tensors.size(); i++) {
        assertThat(tensors.get(i).grad().defined()).isTrue();
        values += tensors.get(i).numel();
      }
      assertThat(values).isEqualTo(parameters.values);
    }
  }
}
