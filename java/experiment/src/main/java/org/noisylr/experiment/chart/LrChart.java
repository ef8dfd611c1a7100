package org.noisylr.experiment.chart;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

/** The learning rate of every step of a run, with and without noise. */
public final class LrChart {
  private static final int MAX_POINTS = 4000;

  private LrChart() {}

  /** Draws the learning rates of {@code epochs} epochs. */
  public static LineChart of(Schedule schedule, NoiseSpec noise, int epochs, int stepsPerEpoch) {
    long steps = (long) epochs * stepsPerEpoch;
    long stride = Math.max(1, steps / MAX_POINTS);
    LongStream even = LongStream.iterate(0, s -> s < steps, s -> s + stride);
    // Where they fit, every epoch keeps its first and last step: its jumps stay vertical.
    LongStream edges =
        epochs > MAX_POINTS
            ? LongStream.empty()
            : LongStream.range(0, epochs)
                .flatMap(e -> LongStream.of(e * stepsPerEpoch, (e + 1) * stepsPerEpoch - 1));
    long[] drawn = LongStream.concat(even, edges).sorted().distinct().toArray();
    double[] x = Arrays.stream(drawn).mapToDouble(s -> (double) s / stepsPerEpoch).toArray();
    double[] base = Arrays.stream(drawn).mapToDouble(s -> schedule.lr(s, stepsPerEpoch)).toArray();
    double[] lr = new double[drawn.length];
    for (int i = 0; i < lr.length; i++) {
      lr[i] = noise.realised(base[i], drawn[i] / stepsPerEpoch, drawn[i], 0);
    }
    LineChart chart = new LineChart("Learning rate", "epoch", "learning rate", 900, 420);
    chart.line("with noise", x, lr, Ink.NOISY, true).line("schedule", x, base, Ink.PLAIN, true);
    if (positive(base) && positive(lr) && spread(base, lr) > 50) {
      chart.logarithmic();
    }
    return chart;
  }

  private static boolean positive(double[] values) {
    return Arrays.stream(values).allMatch(v -> v > 0);
  }

  private static double spread(double[] a, double[] b) {
    double max = Math.max(Arrays.stream(a).max().orElse(1), Arrays.stream(b).max().orElse(1));
    double min = Math.min(Arrays.stream(a).min().orElse(1), Arrays.stream(b).min().orElse(1));
    return max / min;
  }
}
