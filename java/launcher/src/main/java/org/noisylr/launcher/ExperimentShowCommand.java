package org.noisylr.launcher;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.surface.Algorithm;
import org.noisylr.experiment.surface.Surface;
import org.noisylr.experiment.surface.Surfaces;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import org.noisylr.schedule.Schedule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Shows what an experiment trains. */
@Command(name = "show")
final class ExperimentShowCommand extends Subcommand {
  @Mixin private ExperimentId experiment;

  @Override
  public Integer call() {
    if (experiment.isFigure3()) {
      showSurfaces();
    } else if (experiment.isFigure2()) {
      out().println("fig2: no runs; 'experiment report fig2' draws it");
    } else {
      showTables(experiment.tables());
    }
    return 0;
  }

  private void showSurfaces() {
    for (Surface surface : Surfaces.all(Surfaces.PAPER_WELLS)) {
      out().printf("%s: f = %s%n  %s%n", surface.id(), surface.formula(), surface.remark());
      for (Algorithm algorithm : Algorithm.values()) {
        out().printf("  %s at %s%n", algorithm.title(), surface.rateText(algorithm));
      }
    }
  }

  private void showTables(List<Table> tables) {
    Map<String, Schedule> schedules = new TreeMap<>();
    for (Table table : tables) {
      out().printf("%s: %s%n", table.id(), table.title());
      for (Cell cell : table.cells()) {
        if (experiment.uses(cell)) {
          out()
              .printf(
                  "  %s: %s; paper %s%s%n",
                  cell.id(),
                  cell.settings().describe(),
                  cell.paper(),
                  cell.inferred() == null ? "" : " (" + cell.inferred() + ")");
          String schedule = cell.settings().schedule();
          schedules.put(schedule, table.schedules().get(schedule));
        }
      }
      out().println("  choices where the paper is silent:");
      table.choices().forEach(c -> out().printf("  - %s: %s%n", c.choice(), c.reason()));
    }
    out().println("schedules at full scale, unless a cell sets another initial rate:");
    schedules.forEach(
        (name, schedule) -> out().printf("  %s: %s%n", name, Schedules.describe(schedule)));
    out().println("scales:");
    for (Scale scale : Scale.values()) {
      out().printf("  %-6s %s%n", scale, scale.rules());
    }
  }
}
