package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the experiments. */
@Command(name = "list", description = "List the experiments, their sizes and their data.")
final class ExperimentListCommand implements Callable<Integer> {
  private static final String ROW = "%-8s %6s %6s  %s%n";

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(ROW, "id", "cells", "runs", "title: data");
    for (Table table : Table.of(Table.ALL)) {
      out.printf(
          ROW,
          table.id(),
          table.cells().size(),
          table.cells().stream().mapToInt(cell -> cell.settings().seeds()).sum(),
          table.cells().stream()
              .map(cell -> cell.settings().data())
              .distinct()
              .collect(joining(", ", table.title() + ": ", "")));
    }
    printFigure(CurveFigure.FIGURE_1.id(), "Curves of SD and CLR, plain and noisy: runs of table1");
    printFigure(ScheduleFigure.ID, "Step decay with bounded noise: no runs");
    printFigure(Figure3.ID, "Paths of optimizers without and with noise, and basins: no runs");
    out.flush();
    return 0;
  }

  private void printFigure(String id, String title) {
    spec.commandLine().getOut().printf(ROW, id, "", "", title);
  }
}
