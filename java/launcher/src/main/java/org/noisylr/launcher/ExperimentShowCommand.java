package org.noisylr.launcher;

import java.util.List;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.surface.Algorithm;
import org.noisylr.experiment.surface.Surface;
import org.noisylr.experiment.surface.Surfaces;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what an experiment trains. */
@Command(name = "show")
final class ExperimentShowCommand extends Subcommand {
  @Mixin private ExperimentId experiment;

  @Option(names = "--yaml")
  private boolean yaml;

  @Override
  public Integer call() {
    if (yaml) {
      out().print(Table.yaml(experiment.toString()));
      out().flush();
    } else if (experiment.isFigure3()) {
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
    for (Table table : tables) {
      out().printf("%s: %s%n", table.id(), table.title());
      table.cells().stream().filter(experiment::uses).forEach(this::show);
      if (!table.choices().isEmpty()) {
        out().println(table.ofPaper() ? "  choices where the paper is silent:" : "  remarks:");
        table.choices().forEach(c -> out().printf("  - %s: %s%n", c.choice(), c.reason()));
      }
    }
    out().println("scales:");
    for (Scale scale : Scale.values()) {
      out().printf("  %-6s %s%n", scale, scale.rules());
    }
  }

  private void show(Cell cell) {
    String paper =
        cell.paper() == null
            ? ""
            : "; paper %s%s"
                .formatted(
                    cell.paper(), cell.inferred() == null ? "" : " (" + cell.inferred() + ")");
    out()
        .printf(
            "  %s: %s; %s%s%n",
            cell.id(), cell.settings().describe(), cell.settings().describeSeeds(), paper);
  }
}
