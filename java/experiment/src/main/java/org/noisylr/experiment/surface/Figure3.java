package org.noisylr.experiment.surface;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.report.Page;
import org.noisylr.experiment.statistics.Share;
import org.noisylr.experiment.surface.Basins.Arm;
import org.noisylr.experiment.surface.Basins.Row;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.DirectoryLock;

/**
 * The paper's figure 3 and its supplement's figure 1, a table of how often the global basin is
 * reached, and a page on which starts can be moved.
 *
 * @param wells the function of two wells
 * @param alpha of the noise, drawn anew in each step
 * @param starts number of starts, each with draws of its own, for the table of basins
 * @param seed of starts and noise
 */
public record Figure3(Surface.TwoWells wells, double alpha, int starts, long seed) {
  private static final int STEPS = 200;
  private static final int SIZE = 560;
  private static final Map<Algorithm, Ink> INKS =
      Map.of(
          Algorithm.SGD, Ink.PLAIN,
          Algorithm.MOMENTUM, Ink.NOISY,
          Algorithm.ADAM, Ink.GREEN,
          Algorithm.RMSPROP, Ink.PURPLE);

  /** What the page lets one choose. */
  private static final double[] PAGE_ALPHAS = {0, 2, 4, 8, 16};

  private static final int PAGE_STARTS = 11;
  private static final int PAGE_EVERY = 5;

  /** Validates the values. */
  public Figure3 {
    Check.positive("alpha", alpha);
    Check.atLeast("starts", starts, 1);
  }

  /**
   * Draws and measures everything into a folder.
   *
   * @return the page
   * @throws InputException if the folder cannot be written to, or is in use
   */
  public Path write(Path folder, PrintStream console) {
    try {
      Files.createDirectories(folder);
      try (DirectoryLock lock = DirectoryLock.of(folder)) {
        return writeAlone(folder, console);
      }
    } catch (IOException e) {
      throw new InputException("cannot write to " + folder + ": " + Reason.of(e, folder), e);
    }
  }

  private Path writeAlone(Path folder, PrintStream console) throws IOException {
    List<Surface> surfaces = Surface.all(wells);
    for (Surface surface : surfaces) {
      console.println(surface.title());
      for (boolean noisy : new boolean[] {false, true}) {
        LineChart chart = chart(surface, noisy);
        String name = surface.id() + (noisy ? "-noise" : "-plain");
        chart.writePng(folder.resolve(name + ".png"));
        chart.writeSvg(folder.resolve(name + ".svg"));
      }
    }
    console.printf("basins, %d starts each%n", starts);
    List<Row> rows = Basins.measure(surfaces, noise(alpha, seed), starts);
    AtomicFile.write(folder.resolve("basins.csv"), csv(rows));
    Path page = folder.resolve("fig3.html");
    AtomicFile.write(page, html(surfaces, rows));
    return page;
  }

  private static NoiseSpec noise(double alpha, long seed) {
    return alpha == 0 ? NoiseSpec.none() : NoiseSpec.uniform(alpha).seed(seed);
  }

  private LineChart chart(Surface surface, boolean noisy) {
    Surface.Box box = surface.box();
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
      Paths paths =
          Paths.follow(
              surface,
              algorithm.spec(),
              surface.rate(algorithm),
              noise(noisy ? alpha : 0, seed),
              surface.start(),
              STEPS,
              1);
      double[] x = coordinate(paths, 0);
      double[] y = coordinate(paths, 1);
      for (int i = 0; i < y.length; i++) {
        // A gap where a path is outside of the picture.
        y[i] = box.contains(x[i], y[i]) ? y[i] : Double.NaN;
      }
      chart.path(algorithm.title(), x, y, INKS.get(algorithm));
      ends.put(algorithm, paths.ends());
    }
    ends.forEach(
        (algorithm, end) ->
            chart.points(
                "end of " + algorithm.title(),
                new double[] {end[0]},
                new double[] {end[1]},
                INKS.get(algorithm),
                false));
    double[] start = surface.start();
    chart.points("start", new double[] {start[0]}, new double[] {start[1]}, Ink.BACKDROP, true);
    return chart;
  }

  private static double[] coordinate(Paths paths, int coordinate) {
    double[] values = new double[paths.points().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = paths.points()[i][coordinate];
    }
    return values;
  }

  private static String csv(List<Row> rows) throws IOException {
    StringBuilder text = new StringBuilder();
    try (CSVPrinter printer =
        CSVFormat.DEFAULT
            .builder()
            .setHeader("function", "optimizer", "arm", "reached", "starts", "share", "low", "high")
            .setRecordSeparator('\n')
            .get()
            .print(text)) {
      for (Row row : rows) {
        for (Map.Entry<Arm, Share> entry : row.shares().entrySet()) {
          Share share = entry.getValue();
          printer.printRecord(
              row.surface().id(),
              row.algorithm().title(),
              entry.getKey().name().toLowerCase(Locale.ROOT),
              share.hits(),
              share.trials(),
              "%.4f".formatted(share.estimate()),
              "%.4f".formatted(share.low()),
              "%.4f".formatted(share.high()));
        }
      }
    }
    return text.toString();
  }

  private String html(List<Surface> surfaces, List<Row> rows) throws IOException {
    Map<String, Object> page = new HashMap<>();
    page.put("alpha", alpha);
    page.put("mean", alpha / 2);
    page.put("starts", starts);
    page.put("seed", seed);
    page.put("steps", STEPS);
    page.put("rows", rows.stream().map(Figure3::tableRow).toList());
    page.put("surfaces", surfaces.stream().map(Figure3::section).toList());
    page.put("data", data(surfaces));
    return Page.render("fig3.html", page);
  }

  private static Map<String, Object> tableRow(Row row) {
    return Map.of(
        "function", row.surface().title(),
        "optimizer", row.algorithm().title(),
        "rate", row.surface().rateText(row.algorithm()),
        "plain", row.shares().get(Arm.PLAIN).toString(),
        "amplified", row.shares().get(Arm.AMPLIFIED).toString(),
        "noisy", row.shares().get(Arm.NOISY).toString());
  }

  private static Map<String, Object> section(Surface surface) {
    return Map.of(
        "id", surface.id(),
        "title", surface.title(),
        "formula", surface.formula(),
        "remark", surface.remark());
  }

  /** What the page draws, as JSON: lines of contours, and paths from a grid of starts. */
  private String data(List<Surface> surfaces) {
    List<String> parts = new ArrayList<>();
    for (Surface surface : surfaces) {
      Surface.Box box = surface.box();
      List<String> lines = new ArrayList<>();
      for (Contour contour : Contour.of(surface)) {
        contour.lines().forEach(line -> lines.add('"' + packed(line, box) + '"'));
      }
      double[] starts = grid(box);
      List<String> paths = new ArrayList<>();
      for (double pageAlpha : PAGE_ALPHAS) {
        for (Algorithm algorithm : Algorithm.values()) {
          double[][] points =
              Paths.follow(
                      surface,
                      algorithm.spec(),
                      surface.rate(algorithm),
                      noise(pageAlpha, seed),
                      starts,
                      STEPS,
                      PAGE_EVERY)
                  .points();
          paths.add(
              '"'
                  + packed(Arrays.stream(points).flatMapToDouble(Arrays::stream).toArray(), box)
                  + '"');
        }
      }
      parts.add(
          "{\"id\":\"%s\",\"box\":[%s,%s,%s,%s],\"lines\":[%s],\"paths\":[%s]}"
              .formatted(
                  surface.id(),
                  box.lowX(),
                  box.highX(),
                  box.lowY(),
                  box.highY(),
                  String.join(",", lines),
                  String.join(",", paths)));
    }
    return "[" + String.join(",\n", parts) + "]";
  }

  private static double[] grid(Surface.Box box) {
    double[] starts = new double[2 * PAGE_STARTS * PAGE_STARTS];
    for (int i = 0; i < PAGE_STARTS * PAGE_STARTS; i++) {
      // Half a step inside of the box.
      double u = (i % PAGE_STARTS + 0.5) / PAGE_STARTS;
      double v = ((double) (i / PAGE_STARTS) + 0.5) / PAGE_STARTS;
      starts[2 * i] = box.lowX() + u * (box.highX() - box.lowX());
      starts[2 * i + 1] = box.lowY() + v * (box.highY() - box.lowY());
    }
    return starts;
  }

  /**
   * Places as little-endian 16-bit numbers in base64: 0 … 65534 over a plane twice as wide and high
   * as the box around its centre, 65535 for what lies outside of that or is no number.
   */
  private static String packed(double[] places, Surface.Box box) {
    byte[] bytes = new byte[2 * places.length];
    for (int i = 0; i < places.length; i++) {
      double low = i % 2 == 0 ? box.lowX() : box.lowY();
      double high = i % 2 == 0 ? box.highX() : box.highY();
      double unit = (places[i] - (low + high) / 2) / (2 * (high - low)) + 0.5;
      int value = unit >= 0 && unit <= 1 ? (int) Math.round(65534 * unit) : 65535;
      bytes[2 * i] = (byte) value;
      bytes[2 * i + 1] = (byte) (value >> 8);
    }
    return Base64.getEncoder().encodeToString(bytes);
  }
}
