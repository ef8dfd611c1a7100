package org.noisylr.experiment.figure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

/**
 * A figure of the paper with a training curve for each of several cells, the mean over their seeds:
 * {@code train.png}, {@code test.png} and the same as SVG.
 *
 * @param id {@code fig1} or {@code fig4}
 * @param table whose runs are drawn
 * @param cells ids of cells, four at most
 */
public record CurveFigure(String id, String table, List<String> cells) {
  /** SD, CLR and their noisy forms, of table 1. */
  public static final CurveFigure FIGURE_1 =
      new CurveFigure(
          "fig1",
          "table1",
          List.of(
              "table1/sd/cifar-10",
              "table1/sd-rn/cifar-10",
              "table1/clr/cifar-10",
              "table1/clr-rn/cifar-10"));

  /** A constant rate, the same with noise, and L4. */
  public static final CurveFigure FIGURE_4 =
      new CurveFigure(
          "fig4",
          "fig4",
          List.of("fig4/const/cifar-10", "fig4/const-rn/cifar-10", "fig4/l4/cifar-10"));

  private static final List<Ink> INKS = List.of(Ink.PLAIN, Ink.NOISY, Ink.GREEN, Ink.PURPLE);
  private static final int WIDTH = 640;
  private static final int HEIGHT = 460;

  /**
   * Draws the figure from a store.
   *
   * @return the pictures
   * @throws InputException if a cell has no finished run, or the pictures cannot be written
   */
  public List<Path> draw(RunStore store, Scale scale) {
    Plan plan = Plan.read(store.root(), table, scale);
    Map<String, Cell> known = new LinkedHashMap<>();
    Table.of(table).get(0).cells().forEach(cell -> known.put(cell.id(), cell));
    Map<Cell, List<Run>> runs = new LinkedHashMap<>();
    boolean other = false;
    for (String cell : cells) {
      Plan.Entry entry = plan.cells().get(cell);
      List<Run> finished =
          entry == null
              ? List.of()
              : entry.runs().values().stream()
                  .flatMap(key -> store.finished(key).stream())
                  .toList();
      if (finished.isEmpty()) {
        throw new InputException(
            "%s needs runs of %s at scale %s: begin with 'noisylr experiment run %s --scale %s --out %s'"
                .formatted(id, cell, scale, id, scale, store.root()));
      }
      other |= entry.other();
      runs.put(known.get(cell), finished);
    }
    Path folder = Plan.folder(store.root(), id, scale);
    String where =
        (scale == Scale.FULL ? "" : " at " + scale + " scale") + (other ? ", other data" : "");
    List<Path> pictures = new ArrayList<>();
    try {
      Files.createDirectories(folder);
      Plan.alone(
          folder,
          () -> {
            pictures.addAll(
                write(folder, "test", "Test accuracy" + where, runs, EpochMetrics::testAcc));
            pictures.addAll(
                write(folder, "train", "Training accuracy" + where, runs, EpochMetrics::trainAcc));
          });
    } catch (IOException e) {
      throw new InputException("cannot write to " + folder + ": " + Reason.of(e, folder), e);
    }
    return pictures;
  }

  private static List<Path> write(
      Path folder,
      String name,
      String title,
      Map<Cell, List<Run>> runs,
      ToDoubleFunction<EpochMetrics> value) {
    LineChart chart = new LineChart(title, "epoch", "accuracy, %", WIDTH, HEIGHT).yPattern("0.0");
    int i = 0;
    for (Map.Entry<Cell, List<Run>> entry : runs.entrySet()) {
      double[] means = means(entry.getValue(), value);
      double[] epochs = IntStream.rangeClosed(1, means.length).asDoubleStream().toArray();
      chart.line(entry.getKey().row(), epochs, means, INKS.get(i++), true);
    }
    Path png = folder.resolve(name + ".png");
    Path svg = folder.resolve(name + ".svg");
    chart.writePng(png);
    chart.writeSvg(svg);
    return List.of(png, svg);
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
