package org.noisylr.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** Measurements by benchmark. */
final class Results {
  /**
   * One benchmark with one choice of parameters.
   *
   * @param times by round, in ns per operation
   * @param allocation bytes of Java memory per operation; 0 if not measured
   * @param counters the benchmark's own counters, by name and then by round
   */
  record Cell(double[] times, double allocation, Map<String, double[]> counters) {
    double mean() {
      return Measurement.mean(times);
    }
  }

  private static final Map<String, Double> NANOSECONDS =
      Map.of("ns/op", 1.0, "us/op", 1e3, "ms/op", 1e6, "s/op", 1e9);

  private final Map<String, Map<String, double[]>> metrics = new HashMap<>();

  private Results(List<Measurement> measurements) {
    for (Measurement m : measurements) {
      double scale = NANOSECONDS.getOrDefault(m.unit(), 1.0);
      metrics
          .computeIfAbsent(key(m.benchmark(), m.parameters()), key -> new HashMap<>())
          .put(m.metric(), Arrays.stream(m.means()).map(mean -> scale * mean).toArray());
    }
  }

  /**
   * Reads files as {@link #measurements} does. A later measurement replaces an earlier one of the
   * same benchmark, parameters and metric.
   */
  static Results read(List<Path> files) {
    return new Results(measurements(files));
  }

  /**
   * Reads files: those whose name ends in {@code .csv} as CSV, others as JMH's JSON.
   *
   * @throws InputException if a file cannot be read or does not hold average times of JMH
   */
  static List<Measurement> measurements(List<Path> files) {
    List<Measurement> all = new ArrayList<>();
    for (Path file : files) {
      try {
        List<Measurement> some = isCsv(file) ? ResultsCsv.read(file) : JmhJson.read(file);
        some.forEach(measurement -> checkUnit(file, measurement));
        all.addAll(some);
      } catch (IOException e) {
        throw new InputException("cannot read " + file + ": " + Reason.of(e, file), e);
      }
    }
    return all;
  }

  /** Returns whether a file is read as CSV. */
  static boolean isCsv(Path file) {
    return file.toString().endsWith(".csv");
  }

  private static void checkUnit(Path file, Measurement m) {
    if (m.metric().equals(Measurement.TIME) && !NANOSECONDS.containsKey(m.unit())) {
      throw Check.invalid(
          file + ": unit of " + m.benchmark(), m.unit(), "ns/op, us/op, ms/op or s/op");
    }
  }

  private static String key(String benchmark, String parameters) {
    return benchmark + " " + parameters;
  }

  /**
   * Finds a benchmark whose time was measured.
   *
   * @param benchmark class and method: {@code StepBenchmark.step}
   * @param parameters values in the alphabetical order of their names
   */
  Optional<Cell> find(String benchmark, Object... parameters) {
    String values = String.join(" ", Arrays.stream(parameters).map(Object::toString).toList());
    return Optional.ofNullable(metrics.get(key(benchmark, values)))
        .filter(found -> found.containsKey(Measurement.TIME))
        .map(
            found ->
                new Cell(
                    found.get(Measurement.TIME),
                    Measurement.mean(found.getOrDefault(Measurement.ALLOCATION, new double[1])),
                    found));
  }
}
