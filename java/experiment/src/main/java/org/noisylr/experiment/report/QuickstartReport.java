package org.noisylr.experiment.report;

import java.util.List;
import java.util.Map;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.RunCharts;
import org.noisylr.experiment.statistics.Comparison;
import org.noisylr.train.metric.EpochMetrics;

/** The page that {@code quickstart} leaves behind: one HTML file that needs no other. */
public final class QuickstartReport {
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
            "sections", comparisons.stream().map(QuickstartReport::section).toList(),
            "seeds", seeds.size(),
            "setting", List.copyOf(setting.entrySet()),
            "environment", List.copyOf(environment.entrySet()),
            "seconds", "%.0f".formatted(seconds));
    return Page.render("quickstart.html", page);
  }

  private static Map<String, Object> row(Comparison c) {
    return Map.of(
        "name", c.name(),
        "plain", c.plainAccuracy().percent(),
        "noisy", c.noisyAccuracy().percent(),
        "difference", c.difference().signedPercent());
  }

  private static Map<String, Object> section(Comparison c) {
    return Map.of(
        "name", c.name(),
        "test", RunCharts.score("Test accuracy", c, EpochMetrics::testAcc),
        "train", RunCharts.score("Training accuracy", c, EpochMetrics::trainAcc),
        "lr", RunCharts.learningRates("Realised learning rate", c));
  }

  /** The picture of test accuracy alone, a larger one, for documents. */
  public static LineChart testAccuracy(Comparison c) {
    return RunCharts.score(
        c.name() + ": test accuracy without and with noise",
        "accuracy, %",
        c,
        EpochMetrics::testAcc,
        900,
        420);
  }
}
