package org.noisylr.experiment.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.noisylr.experiment.chart.ChartSection;
import org.noisylr.experiment.chart.RunCharts;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.RunResult;

/**
 * The report of a quickstart.
 *
 * @param comparisons runs without and with noise, at least one
 * @param setting names and values that describe what was run
 * @param environment names and values that describe program and machine
 * @param seeds number of seeds
 * @param seconds duration of all runs
 */
public record QuickstartReport(
    List<RunComparison> comparisons,
    Map<String, String> setting,
    Map<String, String> environment,
    int seeds,
    double seconds) {
  /**
   * Writes {@code report.html}, {@code test-accuracy.png} and the numbers of the charts, {@code
   * charts/*.csv}.
   *
   * @param folder exists
   * @return the page
   * @throws IOException if a file cannot be written
   */
  public Path write(Path folder) throws IOException {
    List<ChartSection> sections = comparisons.stream().map(QuickstartReport::section).toList();
    Map<String, Object> values = new HashMap<>();
    values.put("comparisons", comparisons.stream().map(QuickstartReport::row).toList());
    values.put("sections", sections);
    values.put("seeds", seeds);
    values.put("setting", List.copyOf(setting.entrySet()));
    values.put("environment", List.copyOf(environment.entrySet()));
    values.put("seconds", "%.0f".formatted(seconds));
    Path page = folder.resolve("report.html");
    ChartSection.write(sections, folder, false);
    AtomicFile.write(page, Page.render("quickstart.html", values));
    AtomicFile.write(
        folder.resolve("test-accuracy.png"), List.of(ByteBuffer.wrap(png(comparisons.get(0)))));
    return page;
  }

  private static Map<String, Object> row(RunComparison c) {
    PairedDifference best = c.difference(RunResult::bestTestAcc);
    Map<String, Object> row = VerdictRow.of(c.name(), best.verdict(), Optional.of(best));
    row.put("plain", c.plainAccuracy().percent());
    row.put("noisy", c.noisyAccuracy().percent());
    return row;
  }

  private static ChartSection section(RunComparison c) {
    return RunCharts.section(c, "accuracy", "Realised learning rate", "");
  }

  /** Draws the test accuracy for documents. */
  private static byte[] png(RunComparison c) {
    return RunCharts.scores("test accuracy", c, EpochMetrics::testAcc).png();
  }
}
