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
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.run.RunFormat;

/**
 * A table of the paper, or a figure that compares runs, as its file in the resources says it.
 *
 * @param id {@code table1}, …, {@code fig4}
 * @param title what it is about
 * @param cells row by row
 * @param pairs what is compared
 * @param schedules the schedules that settings name
 * @param choices what was chosen where the paper is silent, for all tables and for this one
 */
public record Table(
    String id,
    String title,
    List<Cell> cells,
    List<Pair> pairs,
    Map<String, Schedule> schedules,
    List<Choice> choices) {
  /** The tables that there are, and the figure that is made like one. */
  public static final List<String> IDS =
      List.of("table1", "table2", "table3", "table4", "table5", "table6", "table7", "fig4");

  /** Every experiment at once. */
  public static final String ALL = "all";

  /**
   * Something that the paper does not say.
   *
   * @param choice what was chosen
   * @param reason why
   */
  public record Choice(String choice, String reason) {}

  private record Paper(
      Map<String, Object> setting, Map<String, Schedule> schedules, List<Choice> choices) {}

  /** What a row or a column says: a name, what it is compared with, and settings. */
  private static final class Part {
    private String name;
    private List<String> against = List.of();
    private List<PaperValue> paper = List.of();
    private String inferred;

    @JsonAnySetter private final Map<String, Object> settings = new LinkedHashMap<>();

    public void setName(String name) {
      this.name = name;
    }

    public void setAgainst(List<String> against) {
      this.against = against;
    }

    public void setPaper(List<PaperValue> paper) {
      this.paper = paper;
    }

    public void setInferred(String inferred) {
      this.inferred = inferred;
    }
  }

  private record Content(String title, List<Part> columns, List<Part> rows, List<Choice> choices) {}

  /**
   * The tables that an experiment's name stands for.
   *
   * @param id one of {@link #IDS}, or {@link #ALL}
   * @throws InputException if it is neither
   */
  public static List<Table> of(String id) {
    if (id.equals(ALL)) {
      return IDS.stream().map(Table::read).toList();
    }
    if (!IDS.contains(id)) {
      throw new InputException(
          "experiment must be one of {%s, fig1, fig2, fig3, %s}, but is %s"
              .formatted(String.join(", ", IDS), ALL, id));
    }
    return List.of(read(id));
  }

  private static Table read(String id) {
    ObjectMapper yaml = RunFormat.yaml();
    Paper paper = resource(yaml, "paper", Paper.class);
    Content content = resource(yaml, id, Content.class);
    Map<String, Cell> cells = new LinkedHashMap<>();
    for (Part row : content.rows) {
      Check.within(
          id + ", " + row.name + ": paper's values",
          (long) row.paper.size(),
          content.columns.size(),
          content.columns.size());
      for (int i = 0; i < content.columns.size(); i++) {
        Part column = content.columns.get(i);
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
          throw new InputException(cell.id() + " names no schedule that there is");
        }
        cells.put(cell.id(), cell);
      }
    }
    List<Pair> pairs = new ArrayList<>();
    for (Part row : content.rows) {
      for (Part column : content.columns) {
        Cell noisy = cells.get(id(id, row.name, column.name));
        row.against.forEach(
            base -> pairs.add(new Pair(cell(cells, id(id, base, column.name)), noisy)));
        column.against.forEach(
            base -> pairs.add(new Pair(cell(cells, id(id, row.name, base)), noisy)));
      }
    }
    return new Table(
        id,
        content.title,
        List.copyOf(cells.values()),
        List.copyOf(pairs),
        Map.copyOf(paper.schedules),
        Stream.concat(content.choices.stream(), paper.choices.stream()).toList());
  }

  /** The schedules that an experiment's cells use, by name, as YAML in one line. */
  public static Map<String, String> schedules(String id) {
    Map<String, String> used = new LinkedHashMap<>();
    for (Table table : of(id)) {
      for (Cell cell : table.cells) {
        String name = cell.settings().schedule();
        used.computeIfAbsent(name, n -> RunFormat.describe(table.schedules.get(n)));
      }
    }
    return used;
  }

  /** The name for readers: Table 1, Figure 4. */
  public String name() {
    return id.replaceFirst("^table", "Table ").replaceFirst("^fig", "Figure ");
  }

  private static Cell cell(Map<String, Cell> cells, String id) {
    Cell cell = cells.get(id);
    if (cell == null) {
      throw new InputException("there is no cell " + id + " to compare with");
    }
    return cell;
  }

  private static String id(String table, String row, String column) {
    return table + "/" + word(row) + "/" + word(column);
  }

  /** "SD + RN" to "sd-rn". */
  private static String word(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
  }

  private static <T> T resource(ObjectMapper yaml, String name, Class<T> type) {
    try (InputStream in = Table.class.getResourceAsStream(name + ".yaml")) {
      return yaml.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("this build has no sound " + name + ".yaml", e);
    }
  }

  /** The schedule of a cell at full scale, with its own initial rate. */
  public Schedule schedule(Settings settings) {
    Schedule schedule = schedules.get(settings.schedule());
    return settings.lr() == null ? schedule : Schedules.startingAt(schedule, settings.lr());
  }
}
