package org.noisylr.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/** Reads the results that JMH writes as JSON. */
final class JmhJson {
  private static final String MODE = "avgt";

  private JmhJson() {}

  /**
   * Reads the times, allocations and counters of all benchmarks in a file.
   *
   * @throws InputException if the file does not hold average times of JMH
   */
  static List<Measurement> read(Path file) throws IOException {
    List<Measurement> measurements = new ArrayList<>();
    try {
      for (JsonNode benchmark : new ObjectMapper().readTree(file.toFile())) {
        read(file, benchmark, measurements);
      }
    } catch (JsonProcessingException e) {
      throw new InputException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
    return measurements;
  }

  private static void read(Path file, JsonNode benchmark, List<Measurement> measurements) {
    if (!benchmark.path("primaryMetric").has("rawData")) {
      throw new InputException(file + " does not hold results of JMH");
    }
    String fullName = benchmark.path("benchmark").asText();
    String name = fullName.substring(fullName.lastIndexOf('.', fullName.lastIndexOf('.') - 1) + 1);
    String mode = benchmark.path("mode").asText();
    if (!mode.equals(MODE)) {
      throw Check.invalid(file + ": mode of " + name, mode, MODE + " (average time)");
    }
    List<String> values = new ArrayList<>();
    benchmark.path("params").forEach(value -> values.add(value.asText()));
    String parameters = String.join(" ", values);
    measurements.add(
        measurement(name, parameters, Measurement.TIME, benchmark.get("primaryMetric")));
    benchmark
        .path("secondaryMetrics")
        .properties()
        .forEach(
            metric -> {
              String key = metric.getKey();
              if (key.equals("gc.alloc.rate.norm")) {
                key = Measurement.ALLOCATION;
              }
              // The profiler's other metrics depend on the length of an iteration.
              if (!key.startsWith("gc.")) {
                measurements.add(measurement(name, parameters, key, metric.getValue()));
              }
            });
  }

  private static Measurement measurement(
      String name, String parameters, String metric, JsonNode values) {
    List<double[]> rounds =
        stream(values.path("rawData"))
            .map(round -> stream(round).mapToDouble(JsonNode::asDouble).toArray())
            .toList();
    return new Measurement(name, parameters, metric, values.path("scoreUnit").asText(), rounds);
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
