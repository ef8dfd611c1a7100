package org.noisylr.experiment.table;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.noisylr.check.InputException;
import org.noisylr.train.run.FormatError;

/**
 * An experiment: a grid of cells, each trained in its own way, some compared with others. It is a
 * table of the paper, a figure that compares runs, an example, or an experiment of one's own. All
 * are YAML files of the same form, see {@link TableReader}.
 *
 * @param id {@code table1}, …, {@code fig4}, the name of an example, or the name of a file without
 *     its extension
 * @param title what it is about
 * @param ofPaper whether it has the paper's numbers
 * @param cells row by row
 * @param comparisons cells that are compared with each other
 * @param choices what we chose where the paper is silent; for other experiments, remarks
 */
public record Table(
    String id,
    String title,
    boolean ofPaper,
    List<Cell> cells,
    List<CellComparison> comparisons,
    List<Choice> choices) {
  /** The ids of the paper's tables, and of the figure that is defined like one. */
  public static final List<String> IDS =
      List.of("table1", "table2", "table3", "table4", "table5", "table6", "table7", "fig4");

  /** The ids of the examples of own experiments. */
  public static final List<String> EXAMPLES =
      List.of("noise-kinds", "alpha-beta", "warmup-cosine", "fashion-mnist");

  /** Stands for every table of the paper. */
  public static final String ALL = "all";

  /** Figures that are no tables. */
  private static final Set<String> FIGURES = Set.of("fig1", "fig2", "fig3");

  /**
   * Something that the paper does not state.
   *
   * @param choice what we chose
   * @param reason why
   */
  public record Choice(String choice, String reason) {}

  /** Returns the tables that a name stands for, see {@link #of(String, Map)}. */
  public static List<Table> of(String name) {
    return of(name, Map.of());
  }

  /**
   * Returns the tables that a name stands for.
   *
   * @param name one of {@link #IDS} or {@link #EXAMPLES}, {@link #ALL}, or the path of a file that
   *     ends in {@code .yaml} or {@code .yml}
   * @param overrides keys of {@link Settings} that override those of all cells
   * @throws InputException if there is no such experiment, or its file has an error
   */
  public static List<Table> of(String name, Map<String, Object> overrides) {
    List<String> names = name.equals(ALL) ? IDS : List.of(name);
    return names.stream().map(each -> TableReader.of(each, overrides)).toList();
  }

  /**
   * Returns the YAML of an experiment, without what the experiments of its kind share.
   *
   * @throws InputException if it has none of its own
   */
  public static String yaml(String name) {
    if (name.equals(ALL) || FIGURES.contains(name)) {
      throw new InputException(name + " has no YAML of its own");
    }
    return TableSource.of(name).text();
  }

  /** Returns the error that there is no such experiment. */
  static InputException unknown(String name) {
    return InputException.of(
        "experiment",
        FormatError.unknownName(name, Stream.concat(names(), Stream.of("FILE.yaml")).toList()));
  }

  /** Returns whether this is the name of a built-in experiment. */
  static boolean isBuiltIn(String name) {
    return names().anyMatch(name::equals);
  }

  /** Returns the names of the built-in experiments. */
  private static Stream<String> names() {
    return Stream.of(IDS.stream(), FIGURES.stream().sorted(), EXAMPLES.stream(), Stream.of(ALL))
        .flatMap(each -> each);
  }

  /** Returns the name for readers: Table 1, Figure 4, or the id of another experiment. */
  public String name() {
    return ofPaper ? id.replaceFirst("^table", "Table ").replaceFirst("^fig", "Figure ") : id;
  }
}
