package org.noisylr.experiment.surface;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.report.Page;
import org.noisylr.experiment.statistics.Share;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.surface.Basins.Arm;
import org.noisylr.experiment.surface.Basins.Row;
import org.noisylr.experiment.text.Csv;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.DirectoryLock;

/**
 * The paper's figure 3 and figure 1 of its supplement, a table of how often optimizers reach the
 * global basin, and a page with movable starts.
 *
 * @param wells the function with two wells
 * @param alpha scale of the noise, which is drawn in each step; in (0, inf)
 * @param starts number of starts for the table of basins, at least 1; each has its own draws
 * @param seed seed of starts and noise
 */
public record Figure3(Surface wells, double alpha, int starts, long seed) {
  /** The id of the figure. */
  public static final String ID = "fig3";

  static final int STEPS = 200;
  private static final int SIZE = 560;
  private static final Map<Algorithm, Ink> INKS =
      Map.of(
          Algorithm.SGD, Ink.PLAIN,
          Algorithm.MOMENTUM, Ink.NOISY,
          Algorithm.ADAM, Ink.GREEN,
          Algorithm.RMSPROP, Ink.PURPLE);

  /** Validates the values. */
  public Figure3 {
    Check.positive("alpha", alpha);
    Check.atLeast("starts", starts, 1);
  }

  /**
   * Draws and measures everything into a folder.
   *
   * @return the page
   * @throws org.noisylr.check.InputException if the folder cannot be written to, or another process
   *     uses it
   */
  public Path write(Path folder, PrintStream console) {
    return write(folder, Surfaces.all(wells), console);
  }

  Path write(Path folder, List<Surface> surfaces, PrintStream console) {
    OutputFolder.create(folder);
    try (DirectoryLock lock = DirectoryLock.of(folder)) {
      for (Surface surface : surfaces) {
        console.println(surface.title());
        chart(surface, false).write(folder, surface.id() + "-plain");
        chart(surface, true).write(folder, surface.id() + "-noise");
      }
      console.printf("basins, %d starts each%n", starts);
      List<Row> rows = Basins.measure(surfaces, noise(alpha, seed), starts);
      AtomicFile.write(folder.resolve("basins.csv"), csv(rows));
      Path page = page(folder);
      AtomicFile.write(page, html(surfaces, rows));
      return page;
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  /** Returns the page in the folder of the figure. */
  public static Path page(Path folder) {
    return folder.resolve("fig3.html");
  }

  static NoiseSpec noise(double alpha, long seed) {
    return alpha == 0 ? NoiseSpec.none() : NoiseSpec.uniform(alpha).seed(seed);
  }

  private LineChart chart(Surface surface, boolean noisy) {
    Box box = surface.box();
    String title = surface.title() + (noisy ? ", with noise" : ", without noise");
    LineChart chart =
        new LineChart(title, "x", "y", SIZE, SIZE)
            .within(box.lowX(), box.highX(), box.lowY(), box.highY());
    int number = 0;
    for (Contour contour : Contour.of(surface)) {
      if (!contour.lines().isEmpty()) {
        chart.backdrop("level " + number++, contour.coordinate(0), contour.coordinate(1));
      }
    }
    Map<Algorithm, double[]> ends = new LinkedHashMap<>();
    for (Algorithm algorithm : Algorithm.values()) {
      Trajectories path =
          Trajectories.follow(
              surface,
              algorithm,
              surface.rate(algorithm),
              noise(noisy ? alpha : 0, seed),
              surface.start(),
              STEPS,
              1);
      double[] x = path.coordinate(0);
      double[] y = path.coordinate(1);
      for (int i = 0; i < y.length; i++) {
        // A path has a gap outside of the picture.
        y[i] = box.contains(x[i], y[i]) ? y[i] : Double.NaN;
      }
      chart.path(algorithm.title(), x, y, INKS.get(algorithm));
      ends.put(algorithm, path.ends());
    }
    ends.forEach(
        (algorithm, end) ->
            chart.point("end of " + algorithm.title(), end[0], end[1], INKS.get(algorithm), false));
    return chart.point("start", surface.startX(), surface.startY(), Ink.BACKDROP, true);
  }

  private static String csv(List<Row> rows) {
    return Csv.format(
        List.of("function", "optimizer", "arm", "reached", "starts", "share", "low", "high"),
        rows.stream()
            .flatMap(row -> row.shares().keySet().stream().map(arm -> csvRow(row, arm)))
            .toList());
  }

  private static List<Object> csvRow(Row row, Arm arm) {
    Share share = row.shares().get(arm);
    return List.of(
        row.surface().id(),
        row.algorithm().title(),
        arm.name().toLowerCase(Locale.ROOT),
        share.hits(),
        share.trials(),
        "%.4f".formatted(share.estimate()),
        "%.4f".formatted(share.low()),
        "%.4f".formatted(share.high()));
  }

  private String html(List<Surface> surfaces, List<Row> rows) {
    Map<String, Object> page = new HashMap<>();
    page.put("alpha", PlainNumber.of(alpha));
    page.put("mean", PlainNumber.of(alpha / 2));
    page.put("starts", starts);
    page.put("seed", seed);
    page.put("steps", STEPS);
    page.put("rows", rows.stream().map(Figure3::htmlRow).toList());
    page.put("surfaces", surfaces);
    page.put("data", PageData.json(surfaces, seed));
    return Page.render("fig3.html", page);
  }

  private static Map<String, Object> htmlRow(Row row) {
    return Map.of(
        "function", row.surface().title(),
        "optimizer", row.algorithm().title(),
        "rate", row.surface().rateText(row.algorithm()),
        "plain", row.shares().get(Arm.PLAIN).toString(),
        "amplified", row.shares().get(Arm.AMPLIFIED).toString(),
        "noisy", row.shares().get(Arm.NOISY).toString());
  }
}
