package org.noisylr.experiment.chart;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.statistics.Comparison;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/** Pictures of runs without and with noise, a line a run. */
public final class RunCharts {
  private static final int WIDTH = 430;
  private static final int HEIGHT = 320;

  private RunCharts() {}

  /** A score after each epoch, a fraction shown in per cent, as an {@code <svg>} element. */
  public static String score(String title, Comparison c, ToDoubleFunction<EpochMetrics> value) {
    return score(title, "accuracy, %", c, value, WIDTH, HEIGHT).svg();
  }

  /** The same of what {@code yTitle} names. */
  public static String score(
      String title, String yTitle, Comparison c, ToDoubleFunction<EpochMetrics> value) {
    return score(title, yTitle, c, value, WIDTH, HEIGHT).svg();
  }

  public static LineChart score(
      String title,
      String yTitle,
      Comparison c,
      ToDoubleFunction<EpochMetrics> value,
      int width,
      int height) {
    LineChart chart = new LineChart(title, "epoch", yTitle, width, height).yPattern("0.0");
    addRuns(chart, c.plainName(), c.plain(), value, Ink.PLAIN);
    addRuns(chart, c.noisyName(), c.noisy(), value, Ink.NOISY);
    return chart;
  }

  private static void addRuns(
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

  /** The first line of a kind stands in the legend for all of them. */
  private static String numbered(String name, int i) {
    return i == 0 ? name : name + " " + (i + 1);
  }

  /**
   * The realised learning rate at the end of each epoch, drawn as steps, as an {@code <svg>}
   * element; logarithmic where no rate is 0.
   */
  public static String learningRates(String title, Comparison c) {
    LineChart chart = new LineChart(title, "epoch", "learning rate", WIDTH, HEIGHT);
    for (int i = 0; i < c.noisy().size(); i++) {
      addSteps(chart, numbered(c.noisyName(), i), c.noisy().get(i), Ink.NOISY, i == 0);
    }
    if (!c.plain().isEmpty()) {
      // Without noise, all seeds have the same rates.
      addSteps(chart, c.plainName(), c.plain().get(0), Ink.PLAIN, true);
    }
    boolean positive =
        List.of(c.plain(), c.noisy()).stream()
            .flatMap(List::stream)
            .flatMap(run -> run.metrics().stream())
            .allMatch(m -> m.lr() > 0);
    return (positive ? chart.logarithmic() : chart).svg();
  }

  private static void addSteps(LineChart chart, String name, Run run, Ink ink, boolean inLegend) {
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (EpochMetrics m : run.metrics()) {
      x.add((double) m.epoch());
      y.add(m.lr());
      x.add(m.epoch() + 1.0);
      y.add(m.lr());
    }
    chart.line(
        name,
        x.stream().mapToDouble(Double::doubleValue).toArray(),
        y.stream().mapToDouble(Double::doubleValue).toArray(),
        ink,
        inLegend);
  }
}
