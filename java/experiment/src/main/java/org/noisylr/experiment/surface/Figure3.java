package org.noisylr.experiment.surface;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.Ink;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Mark;
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
 * @param titled whether the pictures have titles
 */
public record Figure3(Surface wells, double alpha, int starts, long seed, boolean titled) {
  /** The id of the figure. */
  public static final String ID = "fig3";

  static final int STEPS = 200;

  /** Of the width of a picture; a fifth of a point. */
  private static final double DETAIL = 1e-3;

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
      Map<Surface, double[]> minima = new LinkedHashMap<>();
      List<List<Object>> pathRows = new ArrayList<>();
      for (Surface surface : surfaces) {
        console.println(surface.title());
        double[] minimum = Basins.minimum(surface);
        minima.put(surface, minimum);
        for (boolean noisy : new boolean[] {false, true}) {
          Map<Algorithm, Trajectories> paths = paths(surface, noisy);
          chart(surface, noisy, minimum, paths)
              .write(folder, surface.id() + (noisy ? "-noise" : "-plain"));
          pathRows.addAll(pathRows(surface, noisy, paths));
        }
      }
      AtomicFile.write(
          folder.resolve("paths.csv"),
          Csv.format(List.of("function", "noise", "optimizer", "step", "x", "y"), pathRows));
      AtomicFile.write(folder.resolve("caption.txt"), caption());
      console.printf("basins, %d starts each%n", starts);
      List<Row> rows = Basins.measure(surfaces, noise(alpha, seed), starts);
      AtomicFile.write(folder.resolve("basins.csv"), csv(rows));
      Path page = page(folder);
      AtomicFile.write(page, html(minima, rows));
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

  private Map<Algorithm, Trajectories> paths(Surface surface, boolean noisy) {
    Map<Algorithm, Trajectories> paths = new EnumMap<>(Algorithm.class);
    for (Algorithm algorithm : Algorithm.values()) {
      paths.put(
          algorithm,
          Trajectories.follow(
              surface,
              algorithm,
              surface.rate(algorithm),
              noise(noisy ? alpha : 0, seed),
              surface.start(),
              STEPS,
              1));
    }
    return paths;
  }

  private LineChart chart(
      Surface surface, boolean noisy, double[] minimum, Map<Algorithm, Trajectories> paths) {
    Box box = surface.box();
    LineChart chart =
        new LineChart("x", "y")
            .title(titled ? surface.title() + (noisy ? ", with noise" : ", without noise") : null)
            .within(box.lowX(), box.highX(), box.lowY(), box.highY());
    for (Contour full : Contour.of(surface)) {
      Contour contour = full.simplified(box, DETAIL);
      chart.faint(contour.coordinate(0), contour.coordinate(1), Ink.TEXT);
    }
    paths.forEach(
        (algorithm, path) -> {
          double[] x = path.coordinate(0);
          double[] y = path.coordinate(1);
          for (int i = 0; i < y.length; i++) {
            // A path has a gap outside of the picture.
            y[i] = box.contains(x[i], y[i]) ? y[i] : Double.NaN;
          }
          chart.line(algorithm.title(), x, y, algorithm.ink());
        });
    paths.forEach(
        (algorithm, path) ->
            chart.point(path.ends()[0], path.ends()[1], algorithm.ink(), Mark.DIAMOND));
    return chart
        .point(minimum[0], minimum[1], Ink.TEXT, Mark.CROSS)
        .point(surface.startX(), surface.startY(), Ink.TEXT, Mark.CIRCLE);
  }

  private static List<List<Object>> pathRows(
      Surface surface, boolean noisy, Map<Algorithm, Trajectories> paths) {
    List<List<Object>> rows = new ArrayList<>();
    paths.forEach(
        (algorithm, path) -> {
          for (int step = 0; step < path.points().length; step++) {
            double[] point = path.points()[step];
            rows.add(
                List.of(
                    surface.id(),
                    noisy ? "with noise" : "without noise",
                    algorithm.title(),
                    step,
                    point[0],
                    point[1]));
          }
        });
    return rows;
  }

  private String caption() {
    return """
        Paths of SGD, momentum, Adam and RMSProp from the same start over the contours of a function, \
        %d steps, without noise (plain) and with the rate of each step multiplied by %s · U(0, 1) \
        (noise). The circle marks the start, diamonds mark the ends, and the cross marks the global \
        minimum.
        """
        .formatted(STEPS, PlainNumber.of(alpha));
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

  private String html(Map<Surface, double[]> minima, List<Row> rows) {
    Map<String, Object> page = new HashMap<>();
    page.put("alpha", PlainNumber.of(alpha));
    page.put("mean", PlainNumber.of(alpha / 2));
    page.put("starts", starts);
    page.put("seed", seed);
    page.put("steps", STEPS);
    page.put("rows", rows.stream().map(Figure3::htmlRow).toList());
    page.put("surfaces", minima.keySet());
    page.put("data", PageData.json(minima, seed));
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
