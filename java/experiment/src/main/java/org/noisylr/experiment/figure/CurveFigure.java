package org.noisylr.experiment.figure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/**
 * A figure of the paper with the training curves of several cells, each the mean over its seeds:
 * {@code train.png}, {@code test.png} and the same as SVG.
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

  private static final List<Ink> INKS = List.of(Ink.PLAIN, Ink.NOISY, Ink.GREEN, Ink.PURPLE);
  private static final int WIDTH = 640;
  private static final int HEIGHT = 460;

  /**
   * Draws the figure from the runs of a store.
   *
   * @param scale null for every scale at which the table was run
   * @return the pictures
   * @throws org.noisylr.check.InputException if a cell has no finished run, or a picture cannot be
   *     written
   */
  public List<Path> draw(RunStore store, Scale scale) {
    List<Scale> scales = scale == null ? Plan.scales(store.root(), table) : List.of(scale);
    if (scales.isEmpty()) {
      throw Plan.noRuns(store.root(), id, id, null);
    }
    return scales.stream().flatMap(each -> drawAt(store, each).stream()).toList();
  }

  private List<Path> drawAt(RunStore store, Scale scale) {
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
    String suffix = scale.suffix() + (other ? ", other data" : "");
    LineChart test = chart("Test accuracy" + suffix, runsByRow, EpochMetrics::testAcc);
    LineChart train = chart("Training accuracy" + suffix, runsByRow, EpochMetrics::trainAcc);
    Path folder = Plan.folder(store.root(), id, scale);
    List<Path> pictures = new ArrayList<>();
    OutputFolder.lock(
        folder,
        () -> {
          pictures.addAll(test.write(folder, "test"));
          pictures.addAll(train.write(folder, "train"));
        });
    return pictures;
  }

  private static List<Run> finished(RunStore store, Plan.Entry entry) {
    return entry.runs().values().stream().flatMap(key -> store.finished(key).stream()).toList();
  }

  private static LineChart chart(
      String title, Map<String, List<Run>> runsByRow, ToDoubleFunction<EpochMetrics> value) {
    LineChart chart = new LineChart(title, "epoch", "accuracy, %", WIDTH, HEIGHT).yPattern("0.0");
    int i = 0;
    for (Map.Entry<String, List<Run>> entry : runsByRow.entrySet()) {
      double[] means = means(entry.getValue(), value);
      double[] epochs = IntStream.rangeClosed(1, means.length).asDoubleStream().toArray();
      chart.line(entry.getKey(), epochs, means, INKS.get(i++), true);
    }
    return chart;
  }

  private static double[] means(List<Run> runs, ToDoubleFunction<EpochMetrics> value) {
    return IntStream.range(0, runs.get(0).metrics().size())
        .mapToDouble(
            epoch ->
                runs.stream()
                    .mapToDouble(run -> 100 * value.applyAsDouble(run.metrics().get(epoch)))
                    .average()
                    .orElseThrow())
        .toArray();
  }
}
