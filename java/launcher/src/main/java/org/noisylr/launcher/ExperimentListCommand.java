package org.noisylr.launcher;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.run.RunFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the experiments. */
@Command(name = "list")
final class ExperimentListCommand extends Subcommand {
  /** A table with its cells, runs and data, or a figure without. */
  private record Entry(String id, Integer cells, Integer runs, String title, List<String> data) {
    static Entry of(Table table) {
      return new Entry(
          table.id(),
          table.cells().size(),
          table.cells().stream().mapToInt(cell -> cell.settings().seeds()).sum(),
          table.title(),
          table.cells().stream().map(cell -> cell.settings().data()).distinct().toList());
    }

    static Entry of(String id, String title) {
      return new Entry(id, null, null, title, List.of());
    }

    Map<String, Object> values() {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("id", id);
      if (cells != null) {
        values.put("cells", cells);
        values.put("runs", runs);
      }
      values.put("title", title);
      values.put("data", data);
      return values;
    }
  }

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() {
    List<Entry> entries = new ArrayList<>(Table.of(Table.ALL).stream().map(Entry::of).toList());
    Table.EXAMPLES.forEach(id -> entries.add(Entry.of(Table.of(id).get(0))));
    entries.add(
        Entry.of(
            CurveFigure.FIGURE_1.id(), "Curves of SD and CLR, plain and noisy: runs of table1"));
    entries.add(Entry.of(ScheduleFigure.ID, "Step decay with bounded noise: no runs"));
    entries.add(
        Entry.of(Figure3.ID, "Paths of optimizers without and with noise, and basins: no runs"));
    if (json) {
      List<Map<String, Object>> values = entries.stream().map(Entry::values).toList();
      out().println(RunFormat.toJson(Map.of("experiments", values)));
    } else {
      row("id", "cells", "runs", "title: data");
      entries.forEach(
          e ->
              row(
                  e.id,
                  e.cells == null ? "" : e.cells,
                  e.runs == null ? "" : e.runs,
                  e.data.isEmpty() ? e.title : e.title + ": " + String.join(", ", e.data)));
    }
    return 0;
  }

  private void row(String id, Object cells, Object runs, String title) {
    out().printf("%-14s %5s %5s  %s%n", id, cells, runs, title);
  }
}
