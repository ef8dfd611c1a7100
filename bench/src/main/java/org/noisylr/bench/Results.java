package org.noisylr.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.noisylr.check.InputException;

/** What JMH measured, read from its JSON. */
final class Results {
  /**
   * One benchmark with one choice of parameters.
   *
   * @param times by round, in ns an operation
   * @param allocation bytes of Java memory an operation
   * @param counters by name, then by round: what the benchmark counted itself
   */
  record Cell(double[] times, double allocation, Map<String, double[]> counters) {
    double mean() {
      return Arrays.stream(times).average().orElseThrow();
    }
  }

  private static final String MODE = "avgt";
  private static final Map<String, Double> NANOSECONDS =
      Map.of("ns/op", 1.0, "us/op", 1e3, "ms/op", 1e6, "s/op", 1e9);

  private final Map<String, Cell> cells = new LinkedHashMap<>();

  private Results() {}

  /**
   * Reads files; later ones add to earlier ones.
   *
   * @throws InputException if a file cannot be read or does not hold average times of JMH
   */
  static Results read(List<Path> files) {
    Results results = new Results();
    for (Path file : files) {
      try {
        results.add(file, new ObjectMapper().readTree(file.toFile()));
      } catch (JsonProcessingException e) {
        throw new InputException(file + " is not JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw new InputException("cannot read " + file + ": " + e.getMessage(), e);
      }
    }
    return results;
  }

  private void add(Path file, JsonNode benchmarks) {
    for (JsonNode benchmark : benchmarks) {
      if (!benchmark.path("primaryMetric").has("rawData")) {
        throw new InputException(file + " does not hold results of JMH");
      }
      String name = benchmark.path("benchmark").asText();
      String mode = benchmark.path("mode").asText();
      if (!mode.equals(MODE)) {
        throw new InputException(
            "%s: mode of %s must be %s, average time, but is %s".formatted(file, name, MODE, mode));
      }
      JsonNode metric = benchmark.get("primaryMetric");
      Double unit = NANOSECONDS.get(metric.path("scoreUnit").asText());
      if (unit == null) {
        throw new InputException(
            "%s: unit of %s must be in {ns/op, us/op, ms/op, s/op}, but is %s"
                .formatted(file, name, metric.path("scoreUnit").asText()));
      }
      name = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
      StringBuilder key = new StringBuilder(name);
      benchmark.path("params").forEach(value -> key.append(' ').append(value.asText()));
      JsonNode secondary = benchmark.path("secondaryMetrics");
      Map<String, double[]> counters = new LinkedHashMap<>();
      secondary
          .properties()
          .forEach(counter -> counters.put(counter.getKey(), rounds(counter.getValue())));
      cells.put(
          key.toString(),
          new Cell(
              Arrays.stream(rounds(metric)).map(time -> time * unit).toArray(),
              secondary.path("gc.alloc.rate.norm").path("score").asDouble(),
              counters));
    }
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
