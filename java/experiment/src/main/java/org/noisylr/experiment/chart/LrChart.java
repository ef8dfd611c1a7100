package org.noisylr.experiment.chart;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

/** A chart of a run's schedule and, if there is noise, its realised learning rates. */
public final class LrChart {
  private static final int MAX_POINTS = 4000;

  private LrChart() {}

  /** Draws the learning rates of {@code epochs} epochs. */
  public static LineChart of(Schedule schedule, NoiseSpec noise, int epochs, int stepsPerEpoch) {
    long[] steps = steps(epochs, stepsPerEpoch);
    double[] x = Arrays.stream(steps).mapToDouble(s -> (double) s / stepsPerEpoch).toArray();
    double[] base = Arrays.stream(steps).mapToDouble(s -> schedule.lr(s, stepsPerEpoch)).toArray();
    double[] lr = new double[steps.length];
    for (int i = 0; i < lr.length; i++) {
      lr[i] = noise.realised(base[i], steps[i] / stepsPerEpoch, steps[i], 0);
    }
    LineChart chart = new LineChart("Learning rate", "epoch", "learning rate", 900, 420);
    if (!(noise.distribution() instanceof Distribution.None)) {
      chart.line("with noise", x, lr, Ink.NOISY, true);
    }
    chart.line("schedule", x, base, Ink.PLAIN, true);
    double min = Math.min(min(base), min(lr));
    double max = Math.max(max(base), max(lr));
    return min > 0 && max / min > 50 ? chart.logarithmic() : chart;
  }

  /** Returns the steps to draw, at most a few thousand. */
  private static long[] steps(int epochs, int stepsPerEpoch) {
    long steps = (long) epochs * stepsPerEpoch;
    long stride = Math.max(1, steps / MAX_POINTS);
    LongStream even = LongStream.iterate(0, s -> s < steps, s -> s + stride);
    // With the first and last step of every epoch, jumps between epochs stay vertical.
    LongStream edges =
        epochs > MAX_POINTS
            ? LongStream.empty()
            : LongStream.range(0, epochs)
                .flatMap(e -> LongStream.of(e * stepsPerEpoch, (e + 1) * stepsPerEpoch - 1));
    return LongStream.concat(even, edges).sorted().distinct().toArray();
  }

  private static double min(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  private static double max(double[] values) {
    return Arrays.stream(values).max().orElseThrow();
  }
}
