package org.noisylr.experiment.figure;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.noisylr.experiment.chart.Curve;
import org.noisylr.experiment.chart.Ink;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/**
 * A figure of the paper with the training curves of several cells, each the mean over its seeds in
 * a band of ± one standard deviation: {@code train} and {@code test} as PNG, SVG, PDF and CSV, and
 * {@code caption.txt}.
 *
 * @param id {@code fig1} or {@code fig4}
 * @param table id of the table that the cells belong to
 * @param cells ids of at most four cells
 */
public record CurveFigure(String id, String table, List<String> cells) {
  /** SD and CLR of table 1, without and with noise. */
  public static final CurveFigure FIGURE_1 =
      new CurveFigure(
          "fig1",
          "table1",
          List.of(
              "table1/sd/cifar-10",
              "table1/sd-rn/cifar-10",
              "table1/clr/cifar-10",
              "table1/clr-rn/cifar-10"));

  /** A constant rate without and with noise, and L4. */
  public static final CurveFigure FIGURE_4 =
      new CurveFigure(
          "fig4",
          "fig4",
          List.of("fig4/const/cifar-10", "fig4/const-rn/cifar-10", "fig4/l4/cifar-10"));

  /** Returns the scales at which the table was run. */
  public List<Scale> scales(RunStore store) {
    return Plan.scales(store.root(), table);
  }

  /**
   * Draws the figure from the runs of a store.
   *
   * @param titled whether the pictures have titles
   * @return the files
   * @throws org.noisylr.check.InputException if a cell has no finished run, or a picture cannot be
   *     written
   */
  public List<Path> draw(RunStore store, Scale scale, boolean titled) {
    Plan plan = Plan.read(store.root(), table, scale);
    Map<String, List<Run>> runsByRow = new LinkedHashMap<>();
    boolean other = false;
    for (Cell cell : Table.of(table).get(0).cells()) {
      if (!cells.contains(cell.id())) {
        continue;
      }
      Plan.Entry entry = plan.cells().get(cell.id());
      List<Run> finished = entry == null ? List.of() : finished(store, entry);
      if (finished.isEmpty()) {
        throw Plan.noRuns(store.root(), cell.id(), id, scale);
      }
      other |= entry.other();
      runsByRow.put(cell.row(), finished);
    }
    Path folder = Plan.folder(store.root(), id, scale);
    List<Path> files = new ArrayList<>();
    String suffix = scale.suffix() + (other ? ", other data" : "");
    OutputFolder.lock(
        folder,
        () -> {
          files.addAll(
              write(
                  folder, "test", title("Test", suffix, titled), runsByRow, EpochMetrics::testAcc));
          files.addAll(
              write(
                  folder,
                  "train",
                  title("Training", suffix, titled),
                  runsByRow,
                  EpochMetrics::trainAcc));
          files.add(folder.resolve("caption.txt"));
          AtomicFile.write(files.get(files.size() - 1), caption(runsByRow, suffix));
        });
    return files;
  }

  private static List<Run> finished(RunStore store, Plan.Entry entry) {
    return entry.runs().values().stream().flatMap(key -> store.finished(key).stream()).toList();
  }

  private static String title(String part, String suffix, boolean titled) {
    return titled ? part + " accuracy" + suffix : null;
  }

  private static List<Path> write(
      Path folder,
      String name,
      String title,
      Map<String, List<Run>> runsByRow,
      ToDoubleFunction<EpochMetrics> value)
      throws IOException {
    List<Curve> curves = new ArrayList<>();
    runsByRow.forEach(
        (row, runs) ->
            curves.add(
                Curve.of(
                    row,
                    Ink.values()[curves.size()],
                    runs,
                    epoch -> 100 * value.applyAsDouble(epoch))));
    LineChart chart =
        new LineChart("epoch", "accuracy, %").title(title).epochs(Curve.epochs(curves));
    Curve.shadeNoise(chart, runsByRow.values().stream().flatMap(List::stream).toList());
    curves.forEach(curve -> curve.draw(chart));
    List<Path> files = new ArrayList<>(chart.write(folder, name));
    Path csv = folder.resolve(name + ".csv");
    AtomicFile.write(csv, Curve.csv(curves));
    files.add(csv);
    return files;
  }

  private static String caption(Map<String, List<Run>> runsByRow, String suffix) {
    return runsByRow.entrySet().stream()
        .map(row -> "%s (seeds: %d)".formatted(row.getKey(), row.getValue().size()))
        .collect(
            joining(
                ", ",
                "Test accuracy (test) and training accuracy (train) after each epoch%s: "
                    .formatted(suffix),
                ". Lines are means over the seeds, bands are ± one standard deviation. The shaded"
                    + " epochs have noise.\n"));
  }
}
