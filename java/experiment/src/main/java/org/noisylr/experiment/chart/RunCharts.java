package org.noisylr.experiment.chart;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/** Charts of runs without and with noise. */
public final class RunCharts {
  private RunCharts() {}

  /**
   * Returns the three charts of a comparison: test and training scores, and learning rates.
   *
   * @param metric name of the score
   * @param lrTitle title of the chart of learning rates
   * @param suffix end of each title
   */
  public static ChartSection section(
      RunComparison c, String metric, String lrTitle, String suffix) {
    return new ChartSection(
        c.name(),
        List.of(
            scores("test", "Test " + metric + suffix, metric, c, EpochMetrics::testAcc),
            scores("train", "Training " + metric + suffix, metric, c, EpochMetrics::trainAcc),
            learningRates(lrTitle + suffix, c)));
  }

  /** Draws a score after each epoch, in per cent. */
  public static LineChart scores(
      String metric, RunComparison c, ToDoubleFunction<EpochMetrics> value) {
    return scores(metric, c, scoreCurves(c, value));
  }

  private static ReportChart scores(
      String id,
      String title,
      String metric,
      RunComparison c,
      ToDoubleFunction<EpochMetrics> value) {
    List<Curve> curves = scoreCurves(c, value);
    String note =
        c.plain().size() + c.noisy().size() > 2
            ? "After each epoch: the mean of the seeds, in a band of ± one standard deviation, with"
                + " each seed as a faint line."
            : "The value after each epoch; there is one seed.";
    return chart(id, title, scores(metric, c, curves), note, c, curves);
  }

  private static LineChart scores(String metric, RunComparison c, List<Curve> curves) {
    LineChart chart = new LineChart("epoch", metric + ", %").epochs(Curve.epochs(curves));
    Curve.shadeNoise(chart, c.all());
    curves.forEach(curve -> curve.drawRuns(chart));
    curves.forEach(curve -> curve.draw(chart));
    return chart;
  }

  private static List<Curve> scoreCurves(RunComparison c, ToDoubleFunction<EpochMetrics> value) {
    return curves(c, epoch -> 100 * value.applyAsDouble(epoch));
  }

  private static List<Curve> curves(RunComparison c, ToDoubleFunction<EpochMetrics> value) {
    return Stream.of(
            Curve.of(c.plainName(), Ink.PLAIN, c.plain(), value),
            Curve.of(c.noisyName(), Ink.NOISY, c.noisy(), value))
        .filter(curve -> !curve.runs().isEmpty())
        .toList();
  }

  /** Draws the realised rate at the end of each epoch as steps. */
  private static ReportChart learningRates(String title, RunComparison c) {
    List<Curve> curves = curves(c, EpochMetrics::lr);
    double[] drawn = rates(c, EpochMetrics::lr);
    RateAxis axis = RateAxis.of(rates(c, EpochMetrics::baseLr), drawn);
    LineChart chart =
        new LineChart("epoch", "learning rate").epochs(Curve.epochs(curves)).yAxis(axis);
    Curve.shadeNoise(chart, c.all());
    if (!c.noisy().isEmpty()) {
      List<double[]> noisy = curves.get(curves.size() - 1).runs();
      drawOtherSeeds(chart, axis, noisy, Ink.NOISY);
      StepLine line = epochs(axis.clip(noisy.get(0)));
      chart.thinLine(c.noisyName(), line.x(), line.y(), Ink.NOISY);
    }
    if (!c.plain().isEmpty()) {
      List<double[]> plain = curves.get(0).runs();
      drawOtherSeeds(chart, axis, plain, Ink.PLAIN);
      StepLine line = epochs(axis.clip(plain.get(0)));
      chart.line(c.plainName(), line.x(), line.y(), Ink.PLAIN);
    }
    String note =
        "The rate at the end of each epoch"
            + (hasNoise(c.all()) ? ": the noise changes it" : "")
            + (hasNoise(c.noisy()) && !hasNoise(c.plain()) ? " around the dashed line" : "")
            + (hasNoise(c.all()) && c.noisy().size() > 1 ? "; faint lines are the other seeds" : "")
            + (Arrays.stream(drawn).anyMatch(axis::isBelow)
                ? "; rates below %s are drawn at the lower edge"
                    .formatted(PlainNumber.rounded(axis.low(), 2))
                : "")
            + ".";
    return chart("lr", title, chart, note, c, curves);
  }

  /** Draws the rates that differ from those of the first seed. Without noise, none does. */
  private static void drawOtherSeeds(
      LineChart chart, RateAxis axis, List<double[]> rates, Ink ink) {
    for (double[] other : rates) {
      if (!Arrays.equals(other, rates.get(0))) {
        StepLine line = epochs(axis.clip(other));
        chart.faint(line.x(), line.y(), ink);
      }
    }
  }

  private static boolean hasNoise(List<Run> runs) {
    return Curve.firstNoisyEpoch(runs).isPresent();
  }

  private static double[] rates(RunComparison c, ToDoubleFunction<EpochMetrics> value) {
    return c.all().stream().map(Run::metrics).flatMap(List::stream).mapToDouble(value).toArray();
  }

  private static StepLine epochs(double[] rates) {
    double[] starts = IntStream.range(0, rates.length).mapToDouble(i -> i + 0.5).toArray();
    return StepLine.of(starts, rates.length + 0.5, rates);
  }

  private static ReportChart chart(
      String id, String title, LineChart chart, String note, RunComparison c, List<Curve> curves) {
    String name = ChartSection.fileName(c.name()) + "-" + id;
    return new ReportChart(
        title,
        chart.pageSvg(name + "-", title + ": " + c.name()),
        note,
        ChartSection.FOLDER + "/" + name + ".csv",
        Curve.csv(curves),
        chart);
  }
}
