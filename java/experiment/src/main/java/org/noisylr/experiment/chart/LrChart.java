package org.noisylr.experiment.chart;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

/** A chart of a run's schedule and, if there is noise, its realised learning rates. */
public final class LrChart {
  private static final int MAX_POINTS = 2000;

  private LrChart() {}

  /** Draws the learning rates of {@code epochs} epochs. */
  public static LineChart of(Schedule schedule, NoiseSpec noise, int epochs, int stepsPerEpoch) {
    boolean noisy = !(noise.distribution() instanceof Distribution.None);
    long[] steps = steps(epochs, stepsPerEpoch);
    double[] base = new double[steps.length];
    double[] lr = new double[steps.length];
    double[] starts = new double[steps.length];
    for (int i = 0; i < steps.length; i++) {
      base[i] = schedule.lr(steps[i], stepsPerEpoch);
      lr[i] = noise.realised(base[i], steps[i] / stepsPerEpoch, steps[i], 0);
      starts[i] = 0.5 + (double) steps[i] / stepsPerEpoch;
    }
    RateAxis axis =
        RateAxis.of(
            base,
            noisy ? DoubleStream.concat(Arrays.stream(base), Arrays.stream(lr)).toArray() : base);
    LineChart chart = new LineChart("epoch", "learning rate").epochs(epochs).yAxis(axis);
    if (noisy) {
      if (noise.firstEpoch() < epochs) {
        chart.window("noise", noise.firstEpoch() + 0.5, epochs + 0.5);
      }
      StepLine line = StepLine.of(starts, epochs + 0.5, axis.clip(lr));
      chart.thinLine("with noise", line.x(), line.y(), Ink.NOISY);
    }
    StepLine line = StepLine.of(starts, epochs + 0.5, axis.clip(base));
    return chart.line("schedule", line.x(), line.y(), Ink.PLAIN);
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
}
