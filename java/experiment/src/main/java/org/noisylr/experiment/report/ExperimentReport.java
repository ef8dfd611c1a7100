package org.noisylr.experiment.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.RunCharts;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.statistics.Comparison;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Pair;
import org.noisylr.experiment.table.Table;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunResult;

/**
 * A table of the paper beside the same table from a store's runs: {@code report.html}, {@code
 * cells.csv} and {@code comparisons.csv} beside the table's plan. Nothing in them depends on when,
 * where or in how many pieces the runs were done.
 */
public final class ExperimentReport {
  private static final String NOTHING = "–";

  private final RunStore store;
  private final Table table;
  private final Scale scale;
  private final Plan plan;
  private final Map<String, Map<Long, Run>> runs = new LinkedHashMap<>();

  private ExperimentReport(RunStore store, Table table, Scale scale) {
    this.store = store;
    this.table = table;
    this.scale = scale;
    plan = Plan.read(store.root(), table.id(), scale);
    plan.cells()
        .forEach(
            (id, entry) -> {
              Map<Long, Run> finished = new TreeMap<>();
              entry
                  .runs()
                  .forEach(
                      (seed, key) -> store.finished(key).ifPresent(run -> finished.put(seed, run)));
              runs.put(id, finished);
            });
  }

  /**
   * Writes the report of a table at a scale.
   *
   * @return the page
   * @throws InputException if nothing was run, the store is damaged, or it cannot be written to
   */
  public static Path write(RunStore store, Table table, Scale scale) {
    ExperimentReport report = new ExperimentReport(store, table, scale);
    Path folder = Plan.folder(store.root(), table.id(), scale);
    Path page = folder.resolve("report.html");
    try {
      Plan.alone(
          folder,
          () -> {
            AtomicFile.write(page, report.html());
            AtomicFile.write(folder.resolve("cells.csv"), report.cellsCsv());
            AtomicFile.write(folder.resolve("comparisons.csv"), report.comparisonsCsv());
          });
    } catch (IOException e) {
      throw new InputException("cannot write to " + folder + ": " + Reason.of(e, folder), e);
    }
    return page;
  }

  private List<Run> runs(Cell cell) {
    return List.copyOf(runs.getOrDefault(cell.id(), Map.of()).values());
  }

  private Optional<Sample> sample(Cell cell, ToDoubleFunction<RunResult> value) {
    double[] values =
        runs(cell).stream().mapToDouble(run -> value.applyAsDouble(run.result())).toArray();
    return values.length == 0 ? Optional.empty() : Optional.of(Sample.of(values));
  }

  private static String percent(Optional<Sample> sample) {
    return sample.map(Sample::percent).orElse(NOTHING);
  }

  /** Seeds that both cells have. */
  private Comparison comparison(Pair pair) {
    Map<Long, Run> base = runs.getOrDefault(pair.base().id(), Map.of());
    Map<Long, Run> noisy = runs.getOrDefault(pair.noisy().id(), Map.of());
    Set<Long> seeds = new LinkedHashSet<>(base.keySet());
    seeds.retainAll(noisy.keySet());
    return new Comparison(
        pair.name(),
        pair.baseName(),
        pair.noisyName(),
        seeds.stream().map(base::get).toList(),
        seeds.stream().map(noisy::get).toList());
  }

  private static Optional<PairedDifference> difference(
      Comparison c, ToDoubleFunction<RunResult> value) {
    if (c.plain().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(PairedDifference.of(c.differences(value)));
  }

  private Verdict verdict(Pair pair, Optional<PairedDifference> difference) {
    Plan.Entry base = plan.cells().get(pair.base().id());
    Plan.Entry noisy = plan.cells().get(pair.noisy().id());
    if (base == null || noisy == null) {
      return Verdict.NOT_RUN;
    }
    if (!base.comparable(noisy)) {
      return Verdict.NOT_COMPARABLE;
    }
    if (difference.isEmpty()
        || runs(pair.base()).size() < base.runs().size()
        || runs(pair.noisy()).size() < noisy.runs().size()) {
      return Verdict.INCOMPLETE;
    }
    return !scale.judged() || base.standIn() || noisy.standIn()
        ? Verdict.NOT_JUDGED
        : difference.get().verdict(pair.paperDifference());
  }

  private String html() {
    Map<String, Object> page = new HashMap<>();
    page.put("name", table.name());
    page.put("title", table.title());
    page.put("scale", scale.toString());
    page.put("rules", scale.rules());
    page.put("reduced", scale != Scale.FULL);
    page.put("judged", scale.judged());
    page.put("otherData", otherData());
    page.put("anyOtherData", !otherData().isEmpty());
    page.put("cells", table.cells().stream().map(this::cellRow).toList());
    page.put("comparisons", table.pairs().stream().map(this::comparisonRow).toList());
    page.put("anyInferred", table.cells().stream().anyMatch(cell -> cell.inferred() != null));
    page.put(
        "inferred",
        table.cells().stream().map(Cell::inferred).filter(i -> i != null).distinct().toList());
    page.put("choices", table.choices());
    page.put("sections", sections());
    page.put("data", data());
    page.put("devices", devices());
    page.put("noises", noises());
    return Page.render("experiment.html", page);
  }

  private List<String> otherData() {
    return plan.cells().values().stream()
        .filter(Plan.Entry::other)
        .map(Plan.Entry::data)
        .distinct()
        .toList();
  }

  private List<String> data() {
    return plan.cells().values().stream().map(Plan.Entry::describe).distinct().toList();
  }

  /** What the paper's supplement says of each noise of the table. */
  private List<String> noises() {
    return table.cells().stream()
        .map(cell -> cell.settings().noise())
        .filter(noise -> !(noise instanceof Distribution.None))
        .distinct()
        .map(
            noise -> {
              NoiseSpec spec = NoiseSpec.of(noise);
              return "%s: %s; steps: %s"
                  .formatted(noise, NoiseTheory.moments(spec), NoiseTheory.variance(spec));
            })
        .toList();
  }

  private List<String> devices() {
    return plan.cells().values().stream()
        .flatMap(entry -> entry.runs().values().stream())
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

  private Map<String, Object> cellRow(Cell cell) {
    Map<String, Object> row = new HashMap<>();
    row.put("row", cell.row());
    row.put("column", cell.column());
    row.put("paper", cell.paper().toString());
    row.put("inferred", cell.inferred() != null);
    row.put("best", percent(sample(cell, RunResult::bestTestAcc)));
    row.put("last", percent(sample(cell, RunResult::lastTestAcc)));
    row.put("train", percent(sample(cell, RunResult::lastTrainAcc)));
    row.put(
        "gap",
        sample(cell, RunResult::generalisationGap).map(Sample::signedPercent).orElse(NOTHING));
    row.put("state", state(cell));
    return row;
  }

  private String state(Cell cell) {
    Plan.Entry entry = plan.cells().get(cell.id());
    if (entry == null) {
      return "not run";
    }
    int done = runs(cell).size();
    String state = "%d of %d runs".formatted(done, entry.runs().size());
    if (done == entry.runs().size()) {
      return state;
    }
    List<String> failures = new ArrayList<>();
    entry
        .runs()
        .forEach(
            (seed, key) -> {
              if (store.finished(key).isEmpty()) {
                store
                    .failure(key)
                    .ifPresent(message -> failures.add("seed " + seed + " failed: " + message));
              }
            });
    return failures.isEmpty() ? state : state + "; " + String.join("; ", failures);
  }

  private Map<String, Object> comparisonRow(Pair pair) {
    Comparison comparison = comparison(pair);
    Optional<PairedDifference> best = difference(comparison, RunResult::bestTestAcc);
    Optional<PairedDifference> last = difference(comparison, RunResult::lastTestAcc);
    Map<String, Object> row = new HashMap<>();
    Verdict verdict = verdict(pair, best);
    row.put("name", pair.name());
    row.put("inferred", pair.noisy().inferred() != null);
    row.put("paper", "%+.2f".formatted(pair.paperDifference()));
    row.put("best", points(best));
    row.put("last", points(last));
    row.put("effect", best.map(d -> number(d.effect())).orElse(NOTHING));
    row.put("n", best.map(PairedDifference::n).orElse(0));
    row.put("verdict", verdict.toString());
    row.put("verdictClass", verdict.name().toLowerCase(Locale.ROOT));
    return row;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? NOTHING : "%+.2f".formatted(value);
  }

  /** "+0.49 (0.12 to 0.86)". */
  private static String points(Optional<PairedDifference> difference) {
    return difference
        .map(
            d ->
                Double.isNaN(d.low()) || d.low() == d.high()
                    ? "%+.2f".formatted(100 * d.mean())
                    : "%+.2f (%.2f to %.2f)"
                        .formatted(100 * d.mean(), 100 * d.low(), 100 * d.high()))
        .orElse(NOTHING);
  }

  private List<Map<String, Object>> sections() {
    List<Map<String, Object>> sections = new ArrayList<>();
    for (Pair pair : table.pairs()) {
      Comparison c = comparison(pair);
      if (c.plain().isEmpty()) {
        continue;
      }
      String metric = c.plain().get(0).result().metric().title();
      String at = scale == Scale.FULL ? "" : " at " + scale + " scale";
      sections.add(
          Map.of(
              "name", pair.name(),
              "test",
                  RunCharts.score("Test " + metric + at, metric + ", %", c, EpochMetrics::testAcc),
              "train",
                  RunCharts.score(
                      "Training " + metric + at, metric + ", %", c, EpochMetrics::trainAcc),
              "lr",
                  RunCharts.learningRates(
                      (pair.base().settings().optimizer().isL4()
                              ? "Learning rate, of L4 its alpha"
                              : "Realised learning rate")
                          + at,
                      c)));
    }
    return sections;
  }

  private String cellsCsv() {
    return csv(
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
            "epochs"),
        table.cells().stream()
            .map(
                cell -> {
                  Plan.Entry entry = plan.cells().get(cell.id());
                  List<Object> row = new ArrayList<>();
                  row.add(cell.id());
                  row.add(cell.row());
                  row.add(cell.column());
                  row.add(scale);
                  row.add(
                      runs(cell).stream()
                          .findFirst()
                          .map(run -> run.result().metric())
                          .map(Metric::toString)
                          .orElse(""));
                  row.add(text(cell.paper().mean()));
                  row.add(text(cell.paper().std()));
                  row.add(inferred(cell));
                  row.add(runs(cell).size());
                  addSample(row, sample(cell, RunResult::bestTestAcc));
                  addSample(row, sample(cell, RunResult::lastTestAcc));
                  addSample(row, sample(cell, RunResult::lastTrainAcc));
                  addSample(row, sample(cell, RunResult::generalisationGap));
                  row.add(entry == null ? "" : entry.data());
                  row.add(entry == null ? "" : entry.train());
                  row.add(entry == null ? "" : entry.test());
                  row.add(entry == null ? "" : entry.epochs());
                  return row;
                })
            .toList());
  }

  private static String inferred(Cell cell) {
    return cell.inferred() == null ? "" : cell.inferred();
  }

  private static void addSample(List<Object> row, Optional<Sample> sample) {
    row.add(text(sample.map(s -> 100 * s.mean()).orElse(Double.NaN)));
    row.add(text(sample.map(s -> 100 * s.std()).orElse(Double.NaN)));
  }

  private String comparisonsCsv() {
    return csv(
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
            "verdict"),
        table.pairs().stream()
            .map(
                pair -> {
                  Comparison comparison = comparison(pair);
                  Optional<PairedDifference> best = difference(comparison, RunResult::bestTestAcc);
                  List<Object> row = new ArrayList<>();
                  row.add(pair.base().id());
                  row.add(pair.noisy().id());
                  row.add(scale);
                  row.add(text(pair.paperDifference()));
                  row.add(inferred(pair.noisy()));
                  row.add(comparison.plain().size());
                  addDifference(row, best);
                  row.add(text(best.map(PairedDifference::effect).orElse(Double.NaN)));
                  addDifference(row, difference(comparison, RunResult::lastTestAcc));
                  row.add(verdict(pair, best));
                  return row;
                })
            .toList());
  }

  private static void addDifference(List<Object> row, Optional<PairedDifference> difference) {
    row.add(text(difference.map(d -> 100 * d.mean()).orElse(Double.NaN)));
    row.add(text(difference.map(d -> 100 * d.low()).orElse(Double.NaN)));
    row.add(text(difference.map(d -> 100 * d.high()).orElse(Double.NaN)));
  }

  private static String text(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value);
  }

  private static String csv(List<String> header, List<List<Object>> rows) {
    StringBuilder text = new StringBuilder();
    CSVFormat format =
        CSVFormat.DEFAULT
            .builder()
            .setHeader(header.toArray(String[]::new))
            .setRecordSeparator('\n')
            .get();
    try (CSVPrinter printer = new CSVPrinter(text, format)) {
      for (List<Object> row : rows) {
        printer.printRecord(row);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
