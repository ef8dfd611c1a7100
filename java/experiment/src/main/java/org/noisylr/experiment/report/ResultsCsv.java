package org.noisylr.experiment.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.CellComparison;
import org.noisylr.experiment.text.Csv;
import org.noisylr.train.metric.Metric;
import org.noisylr.train.run.RunResult;

/** Results as CSV, in per cent; an empty field has no value. */
final class ResultsCsv {
  private static final List<String> CELL_COLUMNS =
      List.of(
          "cell",
          "row",
          "column",
          "scale",
          "metric",
          "paper",
          "paper_spread",
          "inferred",
          "runs",
          "best",
          "best_std",
          "last",
          "last_std",
          "train",
          "train_std",
          "gap",
          "gap_std",
          "data",
          "train_examples",
          "test_examples",
          "epochs");

  private static final List<String> COMPARISON_COLUMNS =
      List.of(
          "base",
          "noisy",
          "scale",
          "paper_difference",
          "inferred",
          "n",
          "difference",
          "low",
          "high",
          "effect",
          "last_difference",
          "last_low",
          "last_high",
          "verdict");

  private ResultsCsv() {}

  /** Returns a row for each cell. */
  static String cells(Results results) {
    return Csv.format(
        CELL_COLUMNS, results.table().cells().stream().map(cell -> row(results, cell)).toList());
  }

  private static List<Object> row(Results results, Cell cell) {
    List<Object> row = new ArrayList<>();
    row.add(cell.id());
    row.add(cell.row());
    row.add(cell.column());
    row.add(results.scale());
    row.add(
        results.runs(cell).stream()
            .findFirst()
            .map(run -> run.result().metric())
            .map(Metric::toString)
            .orElse(""));
    row.add(text(cell.paper() == null ? Double.NaN : cell.paper().mean()));
    row.add(text(cell.paper() == null ? Double.NaN : cell.paper().std()));
    row.add(Objects.requireNonNullElse(cell.inferred(), ""));
    row.add(results.runs(cell).size());
    add(row, results.sample(cell, RunResult::bestTestAcc));
    add(row, results.sample(cell, RunResult::lastTestAcc));
    add(row, results.sample(cell, RunResult::lastTrainAcc));
    add(row, results.sample(cell, RunResult::generalisationGap));
    Optional<Plan.Entry> entry = results.entry(cell);
    row.add(entry.map(Plan.Entry::data).orElse(""));
    row.add(entry.map(e -> "" + e.trainCount()).orElse(""));
    row.add(entry.map(e -> "" + e.testCount()).orElse(""));
    row.add(entry.map(e -> "" + e.epochs()).orElse(""));
    return row;
  }

  private static void add(List<Object> row, Optional<Sample> sample) {
    row.add(text(sample.map(s -> 100 * s.mean()).orElse(Double.NaN)));
    row.add(text(sample.map(s -> 100 * s.std()).orElse(Double.NaN)));
  }

  /** Returns a row for each comparison. */
  static String comparisons(Results results) {
    return Csv.format(
        COMPARISON_COLUMNS,
        results.table().comparisons().stream().map(cells -> row(results, cells)).toList());
  }

  private static List<Object> row(Results results, CellComparison cells) {
    Optional<PairedDifference> best = results.difference(cells, RunResult::bestTestAcc);
    List<Object> row = new ArrayList<>();
    row.add(cells.base().id());
    row.add(cells.noisy().id());
    row.add(results.scale());
    row.add(text(cells.paperDifference()));
    row.add(Objects.requireNonNullElse(cells.noisy().inferred(), ""));
    row.add(best.map(PairedDifference::n).orElse(0));
    addDifference(row, best);
    row.add(text(best.map(PairedDifference::effect).orElse(Double.NaN)));
    addDifference(row, results.difference(cells, RunResult::lastTestAcc));
    row.add(results.verdict(cells));
    return row;
  }

  private static void addDifference(List<Object> row, Optional<PairedDifference> difference) {
    row.add(text(difference.map(d -> 100 * d.mean()).orElse(Double.NaN)));
    row.add(text(difference.map(d -> 100 * d.low()).orElse(Double.NaN)));
    row.add(text(difference.map(d -> 100 * d.high()).orElse(Double.NaN)));
  }

  private static String text(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value);
  }
}
