package org.noisylr.experiment.report;

import static java.util.stream.Collectors.joining;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.CellComparison;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunResult;

/** The finished runs of a table at a scale, and what follows from them. */
final class Results {
  private final RunStore store;
  private final Table table;
  private final Scale scale;
  private final Plan plan;
  private final Map<String, Map<Long, Run>> runs = new LinkedHashMap<>();

  /**
   * Reads the results of a table from a store.
   *
   * @throws org.noisylr.check.InputException if the table was not run at that scale, or the store
   *     is damaged
   */
  Results(RunStore store, Table table, Scale scale) {
    this.store = store;
    this.table = table;
    this.scale = scale;
    plan = Plan.read(store.root(), table.id(), scale);
    for (Cell cell : table.cells()) {
      Map<Long, Run> finished = new TreeMap<>();
      runKeys(cell)
          .forEach((seed, key) -> store.finished(key).ifPresent(run -> finished.put(seed, run)));
      runs.put(cell.id(), finished);
    }
  }

  Table table() {
    return table;
  }

  Scale scale() {
    return scale;
  }

  /** Returns the title for readers, with what distinguishes the runs from the paper's. */
  String title() {
    String different = scale.suffix() + (otherData().isEmpty() ? "" : " on other data");
    return table.ofPaper()
        ? table.name() + different + ": " + table.title()
        : table.title() + different;
  }

  /** Returns the data that replaces the paper's. */
  List<String> otherData() {
    return entries().stream().filter(Plan.Entry::other).map(Plan.Entry::data).distinct().toList();
  }

  /** Returns the names of the scores; {@code score} if there are no runs. */
  String metric() {
    String metrics =
        runs.values().stream()
            .flatMap(finished -> finished.values().stream())
            .map(run -> run.result().metric().title())
            .distinct()
            .collect(joining(" or "));
    return metrics.isEmpty() ? "score" : metrics;
  }

  /** Returns the entries of all cells that were run. */
  List<Plan.Entry> entries() {
    return table.cells().stream().flatMap(cell -> entry(cell).stream()).toList();
  }

  /** Returns the keys of the runs of a cell by seed; none if it was not run. */
  private Map<Long, String> runKeys(Cell cell) {
    return entry(cell).map(Plan.Entry::runs).orElse(Map.of());
  }

  /** Returns the keys of all runs. */
  private Stream<String> runKeys() {
    return entries().stream().flatMap(entry -> entry.runs().values().stream()).distinct();
  }

  /** Returns whether a cell was trained as the experiment says now. */
  private boolean isCurrent(Cell cell) {
    return entry(cell).filter(e -> e.settings().equals(cell.settings().describe())).isPresent();
  }

  /** Returns the entry of a cell in the plan; empty if the cell was not run. */
  Optional<Plan.Entry> entry(Cell cell) {
    return Optional.ofNullable(plan.cells().get(cell.id()));
  }

  /** Returns the finished runs of a cell. */
  List<Run> runs(Cell cell) {
    return List.copyOf(runsBySeed(cell).values());
  }

  private Map<Long, Run> runsBySeed(Cell cell) {
    return runs.getOrDefault(cell.id(), Map.of());
  }

  /** Returns a value of the finished runs of a cell; empty if there are none. */
  Optional<Sample> sample(Cell cell, ToDoubleFunction<RunResult> value) {
    List<Run> finished = runs(cell);
    return finished.isEmpty() ? Optional.empty() : Optional.of(Sample.of(finished, value));
  }

  /** Returns the runs of both cells with the seeds that both have finished. */
  RunComparison runs(CellComparison cells) {
    Map<Long, Run> base = runsBySeed(cells.base());
    Map<Long, Run> noisy = runsBySeed(cells.noisy());
    Set<Long> seeds = new LinkedHashSet<>(base.keySet());
    seeds.retainAll(noisy.keySet());
    return new RunComparison(
        cells.name(),
        cells.baseName(),
        cells.noisyName(),
        seeds.stream().map(base::get).toList(),
        seeds.stream().map(noisy::get).toList());
  }

  /** Returns the paired difference of a value; empty if there is no common seed. */
  Optional<PairedDifference> difference(CellComparison cells, ToDoubleFunction<RunResult> value) {
    RunComparison comparison = runs(cells);
    return comparison.plain().isEmpty()
        ? Optional.empty()
        : Optional.of(comparison.difference(value));
  }

  /** Returns what the best test scores say about the paper's difference. */
  Verdict verdict(CellComparison cells) {
    return verdict(cells, cells.paperDifference());
  }

  /** Returns what the best test scores say by themselves: better, worse or why neither. */
  Verdict direction(CellComparison cells) {
    return verdict(cells, Double.NaN);
  }

  private Verdict verdict(CellComparison cells, double claimed) {
    Plan.Entry base = entry(cells.base()).orElse(null);
    Plan.Entry noisy = entry(cells.noisy()).orElse(null);
    if (base == null || noisy == null) {
      return Verdict.NOT_RUN;
    }
    if (!base.comparable(noisy) || !isCurrent(cells.base()) || !isCurrent(cells.noisy())) {
      return Verdict.NOT_COMPARABLE;
    }
    Optional<PairedDifference> difference = difference(cells, RunResult::bestTestAcc);
    if (difference.isEmpty() || isIncomplete(cells.base()) || isIncomplete(cells.noisy())) {
      return Verdict.INCOMPLETE;
    }
    return !scale.judged() || base.standIn() || noisy.standIn()
        ? Verdict.NOT_JUDGED
        : difference.get().verdict(claimed);
  }

  private boolean isIncomplete(Cell cell) {
    return runsBySeed(cell).size() < runKeys(cell).size();
  }

  /** Returns how many runs of a cell are finished, and why others failed. */
  String state(Cell cell) {
    Plan.Entry entry = plan.cells().get(cell.id());
    if (entry == null) {
      return "not run";
    }
    StringBuilder state = new StringBuilder();
    state.append("%d of %d runs".formatted(runsBySeed(cell).size(), entry.runs().size()));
    if (!isCurrent(cell)) {
      state.append("; trained with other settings than the experiment has now");
    }
    entry
        .runs()
        .forEach(
            (seed, key) -> {
              if (!runsBySeed(cell).containsKey(seed)) {
                store
                    .failure(key)
                    .ifPresent(why -> state.append("; seed " + seed + " failed: " + why));
              }
            });
    return state.toString();
  }

  /** Returns the commands that planned the runs. */
  List<String> commands() {
    return entries().stream().map(Plan.Entry::command).distinct().sorted().toList();
  }

  /** Returns how each cell of the plan is trained, by row and column. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    for (Cell cell : table.cells()) {
      entry(cell).ifPresent(e -> settings.put(cell.name(), e.settings()));
    }
    return settings;
  }

  /** Returns the versions and machines that runs were trained with. */
  List<String> machines() {
    return runKeys()
        .flatMap(key -> RunDirectory.readStarts(store.folder(key)).stream())
        .map(
            start ->
                "noisylr %s, LibTorch %s, Java %s, %s"
                    .formatted(
                        start.get("noisylr"),
                        start.get("LibTorch"),
                        start.get("Java"),
                        start.get("machine")))
        .distinct()
        .sorted()
        .toList();
  }

  /** Returns the devices that runs were trained on, with the CPU threads. */
  List<String> devices() {
    return runKeys()
        .flatMap(key -> store.config(key).stream())
        .map(
            run ->
                run.device().equals("cpu")
                    ? "cpu, %d thread%s".formatted(run.threads(), run.threads() == 1 ? "" : "s")
                    : run.device())
        .distinct()
        .sorted()
        .toList();
  }
}
