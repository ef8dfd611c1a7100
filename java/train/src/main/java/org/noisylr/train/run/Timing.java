package org.noisylr.train.run;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import org.noisylr.check.InputException;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.NumbersCsv;

/**
 * The wall time of each epoch with its evaluation; for a resumed epoch, the time since it was
 * resumed. It is separate from the metrics, which are equal whenever a run is repeated.
 */
public final class Timing implements TrainingListener {
  private static final NumbersCsv CSV =
      new NumbersCsv("a run's timing", List.of("epoch", "seconds"));

  private final SortedMap<Integer, Double> seconds;

  Timing() {
    this(Map.of());
  }

  private Timing(Map<Integer, Double> seconds) {
    this.seconds = new TreeMap<>(seconds);
  }

  /** Returns the total of the recorded epochs in seconds. */
  public double total() {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** Returns the time of an epoch in seconds; empty if it is not recorded. */
  public OptionalDouble seconds(int epoch) {
    Double time = seconds.get(epoch);
    return time == null ? OptionalDouble.empty() : OptionalDouble.of(time);
  }

  @Override
  public void onEpoch(EpochMetrics metrics, double time) {
    seconds.put(metrics.epoch(), time);
  }

  /** Returns the times of the first epochs. */
  Timing first(int epochs) {
    return new Timing(seconds.headMap(epochs));
  }

  String toCsv() {
    return CSV.format(
        seconds.entrySet().stream().map(time -> List.of(time.getKey(), time.getValue())));
  }

  /**
   * Parses the output of {@link #toCsv}.
   *
   * @throws InputException if {@code text} has another form
   */
  static Timing parse(String text) {
    Timing timing = new Timing();
    CSV.parse(
        text,
        row -> timing.seconds.put(Integer.parseInt(row.get(0)), Double.parseDouble(row.get(1))));
    return timing;
  }
}
