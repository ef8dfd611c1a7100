package org.noisylr.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;

class SummaryTest {
  @TempDir private Path directory;

  private static String result(String benchmark, String params, String unit, String rounds) {
    return """
    {"benchmark": "org.noisylr.bench.%s", "mode": "avgt", "params": {%s},
     "primaryMetric": {"scoreUnit": "%s", "rawData": [%s]},
     "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 136.02, "rawData": [[136.02]]},
                          "plain": {"rawData": [[100.0, 200.0], [100.0], [100.0]]},
                          "noisy": {"rawData": [[153.0, 150.0], [101.0], [101.0]]}}}
    """
        .formatted(benchmark, params.replace('\'', '"'), unit, rounds);
  }

  private Path file(String name, String... results) throws IOException {
    return Files.writeString(directory.resolve(name), "[" + String.join(",", results) + "]");
  }

  /** JMH's results of a few benchmarks, in two files. */
  private List<Path> results() throws IOException {
    String sgd = "'algorithm': 'SGD', 'parameters': 'VGG16', 'variant': ";
    String cnn = "'network': 'CNN28', 'precision': 'FP32', 'variant': ";
    String resNet = "'network': 'RESNET20', 'precision': 'FP32', 'variant': ";
    String layout = "LayoutBenchmark.forwardBackward";
    return List.of(
        file(
            "a.json",
            result("StepBenchmark.step", sgd + "'PLAIN'", "us/op", "[3000, 3020], [4000], [3500]"),
            result("StepBenchmark.step", sgd + "'NOISY_FUSED'", "ms/op", "[0.301], [0.4], [0.35]"),
            result("StreamBenchmark.add", "", "us/op", "[100], [100], [100]"),
            result("NoiseCostBenchmark.turns", "'algorithm': 'ADAM'", "us/op", "[9], [9], [9]"),
            result("ScheduleBenchmark.lr", "'kind': 'WR'", "ns/op", "[80.0], [84.0]")),
        file(
            "b.json",
            result("TrainingBenchmark.step", cnn + "'STOCK'", "us/op", "[4000], [5000]"),
            result("TrainingBenchmark.step", cnn + "'NOISY_FUSED'", "us/op", "[3000], [3750]"),
            result("TrainingBenchmark.step", resNet + "'NOISY_FUSED'", "ms/op", "[200], [100]"),
            result("InputBenchmark.batch", "'augment': 'CROP_MIRROR'", "us/op", "[2000], [1000]"),
            result(layout, cnn + "'CONTIGUOUS'", "us/op", "[4000], [4000]"),
            result(layout, cnn + "'CHANNELS_LAST'", "us/op", "[1000], [1000]")));
  }

  @Test
  void showsRatiosOfMeasuredTimes() throws IOException {
    assertThat(Summary.of(results()))
        .contains("| ADAM | 1.010 (1.010 to 1.010) |")
        // 5 · 14,991,946 floats in 300 µs or more, compared with 3 · 2²⁶ in 100 µs.
        .containsPattern(
            "\\| VGG16 \\| SGD \\| 3503 \\|  \\|  \\| 0\\.100 \\(0\\.100 to 0\\.100\\)"
                + " \\| 136, 136 \\| 0\\.107 \\(")
        .contains("Streaming bandwidth (`a += b` over 256 MiB each): 8053.1 GB/s")
        .contains("| CNN28 | FP32 | 4.5 | 0.750 | 136 |")
        .contains("| CROP_MIRROR | 1500 | 0.010 |")
        .contains("| CNN28 | 4.0 | 0.250 |  |  |")
        .contains("| schedule WR | 82.0 |")
        .doesNotContain("NaN");
  }

  @Test
  void csvAndJsonGiveTheSameTables() throws IOException {
    List<Path> json = results();
    Path csv = directory.resolve("all.csv");
    Files.writeString(csv, ResultsCsv.format(Results.measurements(json)));
    assertThat(Files.readAllLines(csv))
        .contains(
            "benchmark,parameters,metric,unit,round_1,round_2,round_3",
            "StepBenchmark.step,SGD VGG16 PLAIN,time,us/op,3000.0 3020.0,4000.0,3500.0");
    assertThat(Summary.of(List.of(csv))).isEqualTo(Summary.of(json));
  }

  @Test
  void matchesTheTrackedRatios() throws IOException {
    assertThat(Files.readString(Path.of("results/ratios.md")))
        .startsWith(Summary.of(List.of(Path.of("results/jmh.csv"))));
  }

  @Test
  void errorsNameTheFile() throws IOException {
    assertRejected(directory.resolve("none.json"), "cannot read ");
    assertRejected(Files.writeString(directory.resolve("text.json"), "[{"), "is not JSON: ");
    assertRejected(
        Files.writeString(directory.resolve("other.json"), "{\"cell\": [{\"noisylr\": 1}]}"),
        "does not hold results of JMH");
    assertRejected(
        file("mode.json", result("X.y", "", "us/op", "[1]").replace("avgt", "thrpt")),
        "mode of X.y must be avgt (average time), but is thrpt");
    assertRejected(
        file("unit.json", result("X.y", "", "day/op", "[1]")),
        "unit of X.y must be ns/op, us/op, ms/op or s/op, but is day/op");
    assertRejected(
        Files.writeString(directory.resolve("columns.csv"), "what,time\n"),
        "line 1 must have the columns benchmark, parameters, metric, unit and one for each round");
    assertRejected(
        Files.writeString(
            directory.resolve("number.csv"),
            "benchmark,parameters,metric,unit,round_1\nX.y,,time,us/op,1 x\n"),
        "line 2: a round must be numbers separated by blanks");
  }

  private static void assertRejected(Path file, String message) {
    assertThatThrownBy(() -> Summary.of(List.of(file)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }
}
