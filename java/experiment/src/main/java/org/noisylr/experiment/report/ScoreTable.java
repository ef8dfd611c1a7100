package org.noisylr.experiment.report;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;
import org.noisylr.experiment.statistics.Sample;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.CellComparison;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.run.RunResult;

/**
 * The best test scores of an experiment in its rows and columns, for papers. Bold is a score that
 * is better than each score that it is compared with: the whole interval of their paired difference
 * is above 0.
 */
final class ScoreTable {
  private static final Map<String, String> LATEX =
      Map.ofEntries(
          Map.entry("\\", "\\textbackslash{}"),
          Map.entry("~", "\\textasciitilde{}"),
          Map.entry("^", "\\textasciicircum{}"),
          Map.entry("<", "$<$"),
          Map.entry(">", "$>$"),
          Map.entry("–", "--"),
          Map.entry("±", "$\\pm$"),
          Map.entry("×", "$\\times$"),
          Map.entry("·", "$\\cdot$"),
          Map.entry("−", "$-$"),
          Map.entry("≤", "$\\leq$"),
          Map.entry("≥", "$\\geq$"),
          Map.entry("α", "$\\alpha$"),
          Map.entry("β", "$\\beta$"),
          Map.entry("γ", "$\\gamma$"),
          Map.entry("δ", "$\\delta$"),
          Map.entry("ε", "$\\varepsilon$"),
          Map.entry("η", "$\\eta$"),
          Map.entry("θ", "$\\theta$"),
          Map.entry("λ", "$\\lambda$"),
          Map.entry("μ", "$\\mu$"),
          Map.entry("ρ", "$\\rho$"),
          Map.entry("σ", "$\\sigma$"),
          Map.entry("τ", "$\\tau$"));

  private final Results results;
  private final Table table;
  private final List<String> columns;

  ScoreTable(Results results) {
    this.results = results;
    table = results.table();
    columns = table.cells().stream().map(Cell::column).distinct().toList();
  }

  /** Returns the table in Markdown. */
  String markdown() {
    UnaryOperator<String> escape =
        text -> line(text).replaceAll("[\\\\`*_{}\\[\\]<>#|~]", "\\\\$0");
    return """
        | | %s |
        |---|%s
        %s

        %s
        """
        .formatted(
            header(escape, " | "),
            "--:|".repeat(columns.size()),
            rows(escape, "**%s**", " | ", "| ", " |"),
            escape.apply(caption()));
  }

  /** Returns the table in LaTeX. It requires the package booktabs. */
  String latex() {
    return """
        %% requires \\usepackage{booktabs}; letters other than Latin and Greek require XeLaTeX or LuaLaTeX
        \\begin{table}
        \\centering
        \\caption{%s}
        \\label{tab:%s}
        \\begin{tabular}{l%s}
        \\toprule
         & %s \\\\
        \\midrule
        %s
        \\bottomrule
        \\end{tabular}
        \\end{table}
        """
        .formatted(
            latex(caption()),
            table.id().replaceAll("[^A-Za-z0-9-]+", "-"),
            "r".repeat(columns.size()),
            header(ScoreTable::latex, " & "),
            rows(ScoreTable::latex, "\\textbf{%s}", " & ", "{}", " \\\\"));
  }

  private static String latex(String text) {
    return line(text)
        .codePoints()
        .mapToObj(Character::toString)
        .map(c -> "&%$#_{}".contains(c) ? "\\" + c : LATEX.getOrDefault(c, c))
        .collect(joining());
  }

  private static String line(String text) {
    return text.replaceAll("\\s+", " ");
  }

  private String header(UnaryOperator<String> escape, String separator) {
    return columns.stream().map(escape).collect(joining(separator));
  }

  private String rows(
      UnaryOperator<String> escape, String bold, String separator, String start, String end) {
    return table.cells().stream()
        .map(Cell::row)
        .distinct()
        .map(
            row ->
                Stream.concat(Stream.of(escape.apply(row)), fields(row, escape, bold))
                    .collect(joining(separator, start, end)))
        .collect(joining("\n"));
  }

  private Stream<String> fields(String row, UnaryOperator<String> escape, String bold) {
    return columns.stream()
        .map(
            column ->
                table.cells().stream()
                    .filter(cell -> cell.row().equals(row) && cell.column().equals(column))
                    .findFirst()
                    .map(
                        cell -> {
                          String score = escape.apply(score(cell));
                          return isBetter(cell) ? bold.formatted(score) : score;
                        })
                    .orElse(""));
  }

  private String score(Cell cell) {
    return results.sample(cell, RunResult::bestTestAcc).map(Sample::percent).orElse("–");
  }

  private boolean isBetter(Cell cell) {
    List<CellComparison> comparisons =
        table.comparisons().stream().filter(cells -> cells.noisy().equals(cell)).toList();
    return !comparisons.isEmpty()
        && comparisons.stream().allMatch(cells -> results.direction(cells) == Verdict.BETTER);
  }

  private String caption() {
    String seeds =
        table.cells().stream()
            .map(cell -> results.runs(cell).size())
            .filter(n -> n > 0)
            .sorted()
            .distinct()
            .map(String::valueOf)
            .collect(joining(" or "));
    return "%s. Best test %s in per cent, mean ± standard deviation over seeds (n = %s). Bold: better than each score that it is compared with; the whole 95 %% interval of the paired difference is above 0."
        .formatted(results.title(), results.metric(), seeds);
  }
}
