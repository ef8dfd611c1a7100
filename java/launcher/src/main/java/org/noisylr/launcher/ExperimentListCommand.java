package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Table;
import picocli.CommandLine.Command;

/** Lists the experiments. */
@Command(name = "list")
final class ExperimentListCommand extends Subcommand {
  @Override
  public Integer call() {
    row("id", "cells", "runs", "title: data");
    for (Table table : Table.of(Table.ALL)) {
      row(
          table.id(),
          table.cells().size(),
          table.cells().stream().mapToInt(cell -> cell.settings().seeds()).sum(),
          table.cells().stream()
              .map(cell -> cell.settings().data())
              .distinct()
              .collect(joining(", ", table.title() + ": ", "")));
    }
    row(CurveFigure.FIGURE_1.id(), "", "", "Curves of SD and CLR, plain and noisy: runs of table1");
    row(ScheduleFigure.ID, "", "", "Step decay with bounded noise: no runs");
    row(Figure3.ID, "", "", "Paths of optimizers without and with noise, and basins: no runs");
    return 0;
  }

  private void row(String id, Object cells, Object runs, String title) {
    out().printf("%-8s %6s %6s  %s%n", id, cells, runs, title);
  }
}
