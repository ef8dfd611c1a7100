package org.noisylr.experiment.chart;

import java.util.stream.DoubleStream;

/**
 * The corners of a line that is level from each start to the next.
 *
 * @param x of the corners
 * @param y of the corners
 */
public record StepLine(double[] x, double[] y) {
  /**
   * Returns the line of values that hold from their starts.
   *
   * @param starts in ascending order
   * @param end where the last value ends
   */
  public static StepLine of(double[] starts, double end, double[] values) {
    DoubleStream.Builder x = DoubleStream.builder();
    DoubleStream.Builder y = DoubleStream.builder();
    for (int i = 0; i < starts.length; i++) {
      if (i == 0 || values[i] != values[i - 1]) {
        x.add(starts[i]);
        y.add(values[i]);
      }
      if (i == starts.length - 1 || values[i] != values[i + 1]) {
        x.add(i == starts.length - 1 ? end : starts[i + 1]);
        y.add(values[i]);
      }
    }
    return new StepLine(x.build().toArray(), y.build().toArray());
  }
}
