package org.noisylr.experiment.chart;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/** Charts of runs without and with noise, with a line for each run. */
public final class RunCharts {
  private static final int WIDTH = 430;
  private static final int HEIGHT = 320;

  private RunCharts() {}

  /**
   * Returns the three charts of a section of a page, as {@code <svg>} elements: {@code test} and
   * {@code train} scores, and learning rates as {@code lr}; and its {@code name}.
   *
   * @param metric name of the score
   * @param lrTitle title of the chart of learning rates
   * @param suffix end of each title
   */
  public static Map<String, Object> section(
      RunComparison c, String metric, String lrTitle, String suffix) {
    String unit = metric + ", %";
    return Map.of(
        "name",
        c.name(),
        "test",
        scores("Test " + metric + suffix, unit, c, EpochMetrics::testAcc, WIDTH, HEIGHT).svg(),
        "train",
        scores("Training " + metric + suffix, unit, c, EpochMetrics::trainAcc, WIDTH, HEIGHT).svg(),
        "lr",
        learningRates(lrTitle + suffix, c).svg());
  }

  /** Draws a score after each epoch, in per cent. */
  public static LineChart scores(
      String title,
      String yTitle,
      RunComparison c,
      ToDoubleFunction<EpochMetrics> value,
      int width,
      int height) {
    LineChart chart = new LineChart(title, "epoch", yTitle, width, height).yPattern("0.0");
    addScores(chart, c.plainName(), c.plain(), value, Ink.PLAIN);
    addScores(chart, c.noisyName(), c.noisy(), value, Ink.NOISY);
    return chart;
  }

  private static void addScores(
      LineChart chart, String name, List<Run> runs, ToDoubleFunction<EpochMetrics> value, Ink ink) {
    for (int i = 0; i < runs.size(); i++) {
      List<EpochMetrics> metrics = runs.get(i).metrics();
      chart.line(
          numbered(name, i),
          metrics.stream().mapToDouble(m -> m.epoch() + 1).toArray(),
          metrics.stream().mapToDouble(m -> 100 * value.applyAsDouble(m)).toArray(),
          ink,
          i == 0);
    }
  }

  /** Numbers all lines but the first, which is the one in the legend. */
  private static String numbered(String name, int i) {
    return i == 0 ? name : name + " " + (i + 1);
  }

  /**
   * Draws the realised learning rate at the end of each epoch as steps. The axis is logarithmic if
   * no rate is 0.
   */
  private static LineChart learningRates(String title, RunComparison c) {
    LineChart chart = new LineChart(title, "epoch", "learning rate", WIDTH, HEIGHT);
    for (int i = 0; i < c.noisy().size(); i++) {
      addSteps(chart, numbered(c.noisyName(), i), c.noisy().get(i), Ink.NOISY, i == 0);
    }
    if (!c.plain().isEmpty()) {
      // Without noise, all seeds have the same rates.
      addSteps(chart, c.plainName(), c.plain().get(0), Ink.PLAIN, true);
    }
    boolean positive =
        Stream.concat(c.plain().stream(), c.noisy().stream())
            .flatMap(run -> run.metrics().stream())
            .allMatch(m -> m.lr() > 0);
    return positive ? chart.logarithmic() : chart;
  }

  private static void addSteps(LineChart chart, String name, Run run, Ink ink, boolean inLegend) {
    List<EpochMetrics> metrics = run.metrics();
    double[] x = new double[2 * metrics.size()];
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      EpochMetrics m = metrics.get(i / 2);
      x[i] = m.epoch() + i % 2;
      y[i] = m.lr();
    }
    chart.line(name, x, y, ink, inLegend);
  }
}
