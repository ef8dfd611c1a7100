package org.noisylr.launcher.report;

import com.samskivert.mustache.Mustache;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.noisylr.launcher.report.LineChart.Ink;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/** The page that {@code quickstart} leaves behind: one HTML file that needs no other. */
public final class QuickstartReport {
  private static final int WIDTH = 430;

  private QuickstartReport() {}

  /**
   * Writes the page.
   *
   * @param comparisons the runs
   * @param seeds the seeds, in the order of the runs
   * @param setting what was trained, in names and values
   * @param environment versions and machine, in names and values
   * @param seconds wall time of all runs
   */
  public static String html(
      List<Comparison> comparisons,
      List<Long> seeds,
      Map<String, String> setting,
      Map<String, String> environment,
      double seconds) {
    Map<String, Object> page =
        Map.of(
            "rows", comparisons.stream().map(QuickstartReport::row).toList(),
            "sections", comparisons.stream().map(c -> section(c, seeds)).toList(),
            "seeds", seeds.size(),
            "setting", List.copyOf(setting.entrySet()),
            "environment", List.copyOf(environment.entrySet()),
            "seconds", "%.0f".formatted(seconds));
    try (Reader template =
        new InputStreamReader(
            QuickstartReport.class.getResourceAsStream("quickstart.html"),
            StandardCharsets.UTF_8)) {
      return Mustache.compiler().compile(template).execute(page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Object> row(Comparison c) {
    return Map.of(
        "name", c.name(),
        "plain", c.plainAccuracy().percent(),
        "noisy", c.noisyAccuracy().percent(),
        "difference", c.difference().signedPercent());
  }

  private static Map<String, Object> section(Comparison c, List<Long> seeds) {
    return Map.of(
        "name", c.name(),
        "test", accuracy("Test accuracy", c, EpochMetrics::testAcc),
        "train", accuracy("Training accuracy", c, EpochMetrics::trainAcc),
        "lr", learningRates(c, seeds));
  }

  /** The picture of test accuracy alone, a larger one, for documents. */
  public static LineChart testAccuracy(Comparison c) {
    return chart(
        c.name() + ": test accuracy without and with noise", c, EpochMetrics::testAcc, 900, 420);
  }

  private static String accuracy(String title, Comparison c, ToDoubleFunction<EpochMetrics> value) {
    return chart(title, c, value, WIDTH, 320).svg();
  }

  private static LineChart chart(
      String title, Comparison c, ToDoubleFunction<EpochMetrics> value, int width, int height) {
    LineChart chart = new LineChart(title, "epoch", "accuracy", width, height).yPattern("0.00");
    addRuns(chart, "plain", c.plain(), value, Ink.PLAIN);
    addRuns(chart, "with noise", c.noisy(), value, Ink.NOISY);
    return chart;
  }

  private static void addRuns(
      LineChart chart, String name, List<Run> runs, ToDoubleFunction<EpochMetrics> value, Ink ink) {
    for (int i = 0; i < runs.size(); i++) {
      List<EpochMetrics> metrics = runs.get(i).metrics();
      chart.line(
          i == 0 ? name : name + " " + (i + 1),
          metrics.stream().mapToDouble(m -> m.epoch() + 1).toArray(),
          metrics.stream().mapToDouble(value).toArray(),
          ink,
          i == 0);
    }
  }

  /** One learning rate an epoch, drawn as steps. */
  private static String learningRates(Comparison c, List<Long> seeds) {
    LineChart chart =
        new LineChart("Realised learning rate", "epoch", "learning rate", WIDTH, 320).logarithmic();
    for (int i = 0; i < seeds.size(); i++) {
      addSteps(
          chart,
          i == 0 ? "with noise" : "with noise " + (i + 1),
          c.noisy().get(i),
          Ink.NOISY,
          i == 0);
    }
    addSteps(chart, "plain", c.plain().get(0), Ink.PLAIN, true);
    return chart.svg();
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
