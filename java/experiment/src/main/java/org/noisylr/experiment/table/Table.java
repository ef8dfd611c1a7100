package org.noisylr.experiment.table;

import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.run.RunFormat;

/**
 * A table of the paper, or a figure that compares runs, read from its YAML file in this package.
 *
 * @param id {@code table1}, …, {@code fig4}
 * @param title what it is about
 * @param cells row by row
 * @param comparisons cells that are compared with each other
 * @param schedules the schedules that the settings of cells name
 * @param choices what we chose where the paper is silent, for this table and for all
 */
public record Table(
    String id,
    String title,
    List<Cell> cells,
    List<CellComparison> comparisons,
    Map<String, Schedule> schedules,
    List<Choice> choices) {
  /** The ids of all tables, and of the figure that is defined like one. */
  public static final List<String> IDS =
      List.of("table1", "table2", "table3", "table4", "table5", "table6", "table7", "fig4");

  /** Stands for every table. */
  public static final String ALL = "all";

  /**
   * Something that the paper does not state.
   *
   * @param choice what we chose
   * @param reason why
   */
  public record Choice(String choice, String reason) {}

  private record Paper(
      Map<String, Object> setting, Map<String, Schedule> schedules, List<Choice> choices) {}

  /**
   * A row or a column.
   *
   * @param against names of the rows or columns that it is compared with
   * @param paper for a row, the paper's numbers, one a column
   * @param settings what its cells set
   */
  private record Axis(
      String name,
      List<String> against,
      List<PaperValue> paper,
      String inferred,
      @JsonAnySetter Map<String, Object> settings) {
    Axis {
      against = Objects.requireNonNullElse(against, List.of());
      paper = Objects.requireNonNullElse(paper, List.of());
      settings = Objects.requireNonNullElse(settings, Map.of());
    }
  }

  private record Content(String title, List<Axis> columns, List<Axis> rows, List<Choice> choices) {}

  /**
   * Returns the tables that a name stands for.
   *
   * @param id one of {@link #IDS}, or {@link #ALL}
   * @throws InputException if it is neither
   */
  public static List<Table> of(String id) {
    if (id.equals(ALL)) {
      return IDS.stream().map(Table::read).toList();
    }
    if (!IDS.contains(id)) {
      throw Check.invalid(
          "experiment",
          id,
          "one of {%s, fig1, fig2, fig3, %s}".formatted(String.join(", ", IDS), ALL));
    }
    return List.of(read(id));
  }

  private static Table read(String id) {
    ObjectMapper yaml = RunFormat.yaml();
    Paper paper = resource(yaml, "paper", Paper.class);
    Content content = resource(yaml, id, Content.class);
    Map<String, Cell> cells = new LinkedHashMap<>();
    for (Axis row : content.rows) {
      if (row.paper.size() != content.columns.size()) {
        throw Check.invalid(
            id + ", " + row.name + ": number of paper values",
            row.paper.size(),
            "the number of columns, " + content.columns.size());
      }
      for (int i = 0; i < content.columns.size(); i++) {
        Axis column = content.columns.get(i);
        Map<String, Object> settings = new HashMap<>(paper.setting);
        settings.putAll(row.settings);
        settings.putAll(column.settings);
        Cell cell =
            new Cell(
                id(id, row.name, column.name),
                row.name,
                column.name,
                yaml.convertValue(settings, Settings.class),
                row.paper.get(i),
                row.inferred);
        if (!paper.schedules.containsKey(cell.settings().schedule())) {
          throw Check.invalid(
              cell.id() + ": schedule",
              cell.settings().schedule(),
              "one of " + paper.schedules.keySet());
        }
        cells.put(cell.id(), cell);
      }
    }
    return new Table(
        id,
        content.title,
        List.copyOf(cells.values()),
        comparisons(id, content, cells),
        Map.copyOf(paper.schedules),
        Stream.concat(content.choices.stream(), paper.choices.stream()).toList());
  }

  private static List<CellComparison> comparisons(
      String id, Content content, Map<String, Cell> cells) {
    List<CellComparison> comparisons = new ArrayList<>();
    for (Axis row : content.rows) {
      for (Axis column : content.columns) {
        Cell noisy = cells.get(id(id, row.name, column.name));
        Stream.concat(
                row.against.stream().map(base -> id(id, base, column.name)),
                column.against.stream().map(base -> id(id, row.name, base)))
            .map(base -> Check.required("cell " + base, cells.get(base)))
            .forEach(base -> comparisons.add(new CellComparison(base, noisy)));
      }
    }
    return List.copyOf(comparisons);
  }

  /** Returns the name for readers: Table 1, Figure 4. */
  public String name() {
    return id.replaceFirst("^table", "Table ").replaceFirst("^fig", "Figure ");
  }

  private static String id(String table, String row, String column) {
    return table + "/" + word(row) + "/" + word(column);
  }

  /** Turns "SD + RN" into "sd-rn". */
  private static String word(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
  }

  private static <T> T resource(ObjectMapper yaml, String name, Class<T> type) {
    try (InputStream in = Table.class.getResourceAsStream(name + ".yaml")) {
      return yaml.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException(name + ".yaml of this build is missing or damaged", e);
    }
  }

  /**
   * Returns the schedule of a cell at full scale, with the cell's own initial rate if it has one.
   */
  public Schedule schedule(Settings settings) {
    Schedule schedule = schedules.get(settings.schedule());
    return settings.lr() == null ? schedule : Schedules.startingAt(schedule, settings.lr());
  }
}
