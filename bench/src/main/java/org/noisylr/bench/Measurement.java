package org.noisylr.bench;

import java.util.Arrays;
import java.util.List;

/**
 * The values of one metric of one benchmark with one choice of parameters.
 *
 * @param benchmark class and method: {@code StepBenchmark.step}
 * @param parameters values in the alphabetical order of their names, separated by blanks
 * @param metric {@link #TIME}, {@link #ALLOCATION} or the name of the benchmark's own counter
 * @param unit JMH's name of the unit, such as {@code us/op}
 * @param rounds the values of the iterations of each round
 */
record Measurement(
    String benchmark, String parameters, String metric, String unit, List<double[]> rounds) {
  /** The metric of the time per operation. */
  static final String TIME = "time";

  /** The metric of the bytes of Java memory that an operation allocates. */
  static final String ALLOCATION = "allocation";

  /** Returns the mean of each round. */
  double[] means() {
    return rounds.stream().mapToDouble(Measurement::mean).toArray();
  }

  static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(Double.NaN);
  }
}
