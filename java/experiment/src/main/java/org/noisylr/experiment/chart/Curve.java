package org.noisylr.experiment.chart;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.text.Csv;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/**
 * A value after each epoch of several runs that differ by their seeds.
 *
 * @param name the name in the legend
 * @param ink the line
 * @param runs the values of each run, epoch by epoch
 */
public record Curve(String name, Ink ink, List<double[]> runs) {
  /** Returns a value of the epochs of at least one run. */
  public static Curve of(
      String name, Ink ink, List<Run> runs, ToDoubleFunction<EpochMetrics> value) {
    return new Curve(
        name,
        ink,
        runs.stream().map(run -> run.metrics().stream().mapToDouble(value).toArray()).toList());
  }

  /** Returns the number of epochs of the longest run. */
  public static int epochs(List<Curve> curves) {
    return curves.stream()
        .flatMap(curve -> curve.runs.stream())
        .mapToInt(run -> run.length)
        .max()
        .orElseThrow();
  }

  /** Shades the epochs with noise, if there are some. */
  public static void shadeNoise(LineChart chart, List<Run> runs) {
    int epochs = runs.stream().mapToInt(run -> run.metrics().size()).max().orElse(0);
    firstNoisyEpoch(runs).ifPresent(epoch -> chart.window("noise", epoch + 0.5, epochs + 0.5));
  }

  /** Returns the first epoch in which a run has noise, counted from 0; empty if none has. */
  static OptionalInt firstNoisyEpoch(List<Run> runs) {
    return runs.stream()
        .flatMap(run -> run.metrics().stream())
        .filter(epoch -> epoch.factor() != 1)
        .mapToInt(EpochMetrics::epoch)
        .min();
  }

  /** Draws the mean and, for several runs, the band of ± one standard deviation. */
  public void draw(LineChart chart) {
    double[] means = means();
    double[] stds = samples().stream().mapToDouble(Sample::std).toArray();
    double[] x = numbers(means.length);
    if (Arrays.stream(stds).allMatch(Double::isFinite)) {
      chart.band(x, plus(means, stds, -1), plus(means, stds, 1), ink);
    }
    chart.line(name, x, means, ink);
  }

  /** Draws each of several runs as a faint line. */
  void drawRuns(LineChart chart) {
    if (runs.size() > 1) {
      runs.forEach(run -> chart.faint(numbers(run.length), run, ink));
    }
  }

  /** Returns 1, 2, … */
  private static double[] numbers(int count) {
    return IntStream.rangeClosed(1, count).asDoubleStream().toArray();
  }

  private static double[] plus(double[] values, double[] others, int factor) {
    return IntStream.range(0, values.length)
        .mapToDouble(i -> values[i] + factor * others[i])
        .toArray();
  }

  private double[] means() {
    return samples().stream().mapToDouble(Sample::mean).toArray();
  }

  /** Returns the samples of the epochs that all runs have. */
  private List<Sample> samples() {
    int epochs = runs.stream().mapToInt(run -> run.length).min().orElse(0);
    return IntStream.range(0, epochs)
        .mapToObj(epoch -> Sample.of(runs.stream().mapToDouble(run -> run[epoch]).toArray()))
        .toList();
  }

  /**
   * Returns the numbers of a chart: a row for each line and epoch, counted from 1, with mean and
   * standard deviation of the runs, and their values in the order of their seeds.
   */
  public static String csv(List<Curve> curves) {
    int most = curves.stream().mapToInt(curve -> curve.runs.size()).max().orElse(0);
    List<String> header = new ArrayList<>(List.of("line", "epoch", "mean", "std"));
    IntStream.rangeClosed(1, most).mapToObj(i -> "run_" + i).forEach(header::add);
    List<List<String>> rows = new ArrayList<>();
    for (Curve curve : curves) {
      List<Sample> samples = curve.samples();
      for (int epoch = 0; epoch < epochs(List.of(curve)); epoch++) {
        List<String> row = new ArrayList<>(List.of(curve.name, Integer.toString(epoch + 1)));
        boolean all = epoch < samples.size();
        row.add(all ? number(samples.get(epoch).mean()) : "");
        row.add(all ? number(samples.get(epoch).std()) : "");
        for (int run = 0; run < most; run++) {
          boolean known = run < curve.runs.size() && epoch < curve.runs.get(run).length;
          row.add(known ? number(curve.runs.get(run)[epoch]) : "");
        }
        rows.add(row);
      }
    }
    return Csv.format(header, rows);
  }

  /** Returns nine digits, which hide the rounding of 100 times a fraction. */
  private static String number(double value) {
    return Double.isFinite(value) ? PlainNumber.rounded(value, 9) : "";
  }
}
