package org.noisylr.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** What JMH measured, read from its JSON. */
final class Results {
  /**
   * One benchmark with one choice of parameters.
   *
   * @param times by round, in the unit of the benchmark
   * @param allocation bytes of Java memory an operation
   * @param counters by name, then by round: what the benchmark counted itself
   */
  record Cell(double[] times, double allocation, Map<String, double[]> counters) {
    double mean() {
      return Arrays.stream(times).average().orElseThrow();
    }
  }

  private final Map<String, Cell> cells = new LinkedHashMap<>();

  private Results() {}

  static Results read(Path file) throws IOException {
    Results results = new Results();
    for (JsonNode benchmark : new ObjectMapper().readTree(file.toFile())) {
      String name = benchmark.get("benchmark").asText();
      name = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
      StringBuilder key = new StringBuilder(name);
      benchmark.path("params").forEach(value -> key.append(' ').append(value.asText()));
      JsonNode secondary = benchmark.path("secondaryMetrics");
      Map<String, double[]> counters = new LinkedHashMap<>();
      secondary
          .properties()
          .forEach(metric -> counters.put(metric.getKey(), rounds(metric.getValue())));
      results.cells.put(
          key.toString(),
          new Cell(
              rounds(benchmark.get("primaryMetric")),
              secondary.path("gc.alloc.rate.norm").path("score").asDouble(),
              counters));
    }
    return results;
  }

  private static double[] rounds(JsonNode metric) {
    return StreamSupport.stream(metric.get("rawData").spliterator(), false)
        .mapToDouble(Results::mean)
        .toArray();
  }

  private static double mean(JsonNode round) {
    return StreamSupport.stream(round.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .average()
        .orElse(Double.NaN);
  }

  /**
   * Looks a benchmark up.
   *
   * @param name class and method: {@code StepBenchmark.step}
   * @param parameters values in the alphabetical order of their names
   */
  Optional<Cell> find(String name, Object... parameters) {
    StringBuilder key = new StringBuilder(name);
    for (Object value : parameters) {
      key.append(' ').append(value);
    }
    return Optional.ofNullable(cells.get(key.toString()));
  }
}
