package org.noisylr.experiment.table;

import com.fasterxml.jackson.annotation.JsonAnySetter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.noisylr.check.Check;
import org.noisylr.experiment.table.Table.Choice;

/** The content of an experiment's YAML, see {@link TableReader}. */
record TableContent(
    String title,
    Map<String, Object> setting,
    Map<String, Map<String, Object>> schedules,
    List<Axis> columns,
    List<Axis> rows,
    List<Choice> choices) {
  /** An experiment without columns has this one, without a name. */
  static final List<Axis> RESULT = List.of(new Axis("", null, null, null, null));

  /**
   * A row or a column.
   *
   * @param against names of the rows or columns that it is compared with
   * @param paper for a row, the paper's numbers, one a column
   * @param settings what its cells set
   */
  record Axis(
      String name,
      List<String> against,
      List<PaperValue> paper,
      String inferred,
      @JsonAnySetter Map<String, Object> settings) {
    Axis {
      Check.required("name", name);
      against = items("against", against, List.of());
      paper = Objects.requireNonNullElse(paper, List.of());
      settings = Objects.requireNonNullElse(settings, Map.of());
    }
  }

  TableContent {
    setting = Objects.requireNonNullElse(setting, Map.of());
    schedules = Objects.requireNonNullElse(schedules, Map.of());
    columns = items("columns", columns, RESULT);
    rows = items("rows", rows, List.of());
    choices = items("choices", choices, List.of());
  }

  private static <T> List<T> items(String key, List<T> given, List<T> otherwise) {
    List<T> items = Objects.requireNonNullElse(given, otherwise);
    items.forEach(item -> Check.required("each of " + key, item));
    return items;
  }
}
