package org.noisylr.experiment.report;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.noisylr.experiment.chart.ChartSection;
import org.noisylr.experiment.chart.RunCharts;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.CellComparison;
import org.noisylr.experiment.table.Table;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.RunResult;

/**
 * The report of a table: the numbers of a store's runs, beside the paper's if it has some. Its
 * files are {@code report.html}, {@code cells.csv}, {@code comparisons.csv}, {@code table.md},
 * {@code table.tex} and the numbers of the charts, {@code charts/*.csv}, in the folder of the
 * table's plan. They do not depend on when, where or in how many parts the runs were trained.
 */
public final class ExperimentReport {
  private static final String NONE = "–";

  private final Results results;
  private final Table table;
  private final Scale scale;

  private ExperimentReport(Results results) {
    this.results = results;
    table = results.table();
    scale = results.scale();
  }

  /**
   * Writes the report of a table at a scale.
   *
   * @param pictures whether charts are written as PNG, SVG and PDF too
   * @return the page
   * @throws org.noisylr.check.InputException if the table was not run, the store is damaged, or the
   *     folder cannot be written to
   */
  public static Path write(RunStore store, Table table, Scale scale, boolean pictures) {
    Results results = new Results(store, table, scale);
    ExperimentReport report = new ExperimentReport(results);
    List<ChartSection> sections = report.sections();
    String html = report.html(sections);
    ScoreTable scores = new ScoreTable(results);
    Path folder = Plan.folder(store.root(), table.id(), scale);
    Path page = folder.resolve("report.html");
    OutputFolder.lock(
        folder,
        () -> {
          ChartSection.write(sections, folder, pictures);
          AtomicFile.write(page, html);
          AtomicFile.write(folder.resolve("cells.csv"), ResultsCsv.cells(results));
          AtomicFile.write(folder.resolve("comparisons.csv"), ResultsCsv.comparisons(results));
          AtomicFile.write(folder.resolve("table.md"), scores.markdown());
          AtomicFile.write(folder.resolve("table.tex"), scores.latex());
        });
    return page;
  }

  private String html(List<ChartSection> sections) {
    List<String> inferred =
        table.cells().stream().map(Cell::inferred).filter(Objects::nonNull).distinct().toList();
    Map<String, Object> page = new HashMap<>();
    page.put("title", results.title());
    page.put("scale", scale.toString());
    page.put("rules", scale.rules());
    page.put("ofPaper", table.ofPaper());
    page.put("reduced", scale != Scale.FULL);
    page.put("judged", scale.judged());
    page.put("otherData", results.otherData());
    page.put("anyOtherData", !results.otherData().isEmpty());
    page.put("metric", results.metric());
    page.put("cells", table.cells().stream().map(this::row).toList());
    page.put("comparisons", table.comparisons().stream().map(this::row).toList());
    page.put("anyComparisons", !table.comparisons().isEmpty());
    page.put("verdicts", verdicts());
    page.put("inferred", inferred);
    page.put("anyInferred", !inferred.isEmpty());
    page.put("choices", table.choices());
    page.put("anyChoices", !table.choices().isEmpty());
    page.put("sections", sections);
    page.put("data", results.entries().stream().map(Plan.Entry::describe).distinct().toList());
    page.put("devices", results.devices());
    page.put("machines", results.machines());
    page.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    page.put("commands", results.commands());
    page.put("settings", List.copyOf(results.settings().entrySet()));
    page.put("noises", noises());
    return Page.render("experiment.html", page);
  }

  /** Counts the verdicts: "2 reproduced, 4 undecided at this n". */
  private String verdicts() {
    Map<Verdict, Long> counts =
        table.comparisons().stream()
            .collect(groupingBy(results::verdict, () -> new EnumMap<>(Verdict.class), counting()));
    return counts.entrySet().stream()
        .map(count -> count.getValue() + " " + count.getKey())
        .collect(joining(", "));
  }

  /** Returns what the paper's supplement says about each noise of the table. */
  private List<String> noises() {
    return table.cells().stream()
        .map(cell -> cell.settings().noise())
        .filter(noise -> !(noise instanceof Distribution.None))
        .distinct()
        .map(
            noise -> {
              NoiseSpec spec = NoiseSpec.of(noise);
              return "%s: %s; steps: %s"
                  .formatted(
                      Noises.describe(noise), Noises.moments(spec), Noises.stepVariance(spec));
            })
        .toList();
  }

  private Map<String, Object> row(Cell cell) {
    Map<String, Object> row = new HashMap<>();
    row.put("row", cell.row());
    row.put("column", cell.column());
    row.put("paper", table.ofPaper() ? cell.paper().toString() : null);
    row.put("inferred", cell.inferred() != null);
    row.put("best", percent(results.sample(cell, RunResult::bestTestAcc)));
    row.put("last", percent(results.sample(cell, RunResult::lastTestAcc)));
    row.put("train", percent(results.sample(cell, RunResult::lastTrainAcc)));
    row.put(
        "gap",
        results.sample(cell, RunResult::generalisationGap).map(Sample::signedPercent).orElse(NONE));
    row.put("state", results.state(cell));
    return row;
  }

  private static String percent(Optional<Sample> sample) {
    return sample.map(Sample::percent).orElse(NONE);
  }

  private Map<String, Object> row(CellComparison cells) {
    Optional<PairedDifference> best = results.difference(cells, RunResult::bestTestAcc);
    Map<String, Object> row = VerdictRow.of(cells.name(), results.verdict(cells), best);
    row.put("inferred", cells.noisy().inferred() != null);
    row.put("paper", table.ofPaper() ? "%+.2f".formatted(cells.paperDifference()) : null);
    row.put("last", VerdictRow.points(results.difference(cells, RunResult::lastTestAcc)));
    row.put(
        "effect",
        best.map(PairedDifference::effect)
            .filter(effect -> !effect.isNaN())
            .map("%+.2f"::formatted)
            .orElse(NONE));
    row.put("n", best.map(PairedDifference::n).orElse(0));
    return row;
  }

  private List<ChartSection> sections() {
    return table.comparisons().stream()
        .filter(cells -> !results.runs(cells).plain().isEmpty())
        .map(
            cells -> {
              RunComparison comparison = results.runs(cells);
              String metric = comparison.plain().get(0).result().metric().title();
              boolean l4 = cells.base().settings().optimizer().isL4();
              String lr = l4 ? "Learning rate; alpha of L4" : "Realised learning rate";
              return RunCharts.section(comparison, metric, lr, scale.suffix());
            })
        .toList();
  }
}
