package org.noisylr.experiment.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.table.TableContent.Axis;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.run.FormatError;
import org.noisylr.train.run.RunFormat;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads an experiment from YAML:
 *
 * <pre>
 * title: Scale of the noise on my images
 * setting: {data: images.zip, model: resnet20, epochs: 40, schedule: mine}
 * schedules: {mine: {type: cosine, lr: 0.1}}
 * columns:
 *   - {name: beta 0.3, beta: 0.3}
 *   - {name: beta 0.6, beta: 0.6}
 * rows:
 *   - {name: plain}
 *   - {name: alpha 8, against: [plain], noise: {type: uniform, alpha: 8}}
 * </pre>
 *
 * <p>The keys of a cell are those of {@link Settings}, {@code lr}, which replaces the schedule's
 * own initial rate, and {@code warmup_epochs}, which puts a warm-up before it. {@code setting} is
 * what all cells share; a row overrides it, and a column overrides both. {@code against} names the
 * rows (or columns) that a row (or column) is compared with. {@code schedule} is a name from {@code
 * schedules} or a schedule itself, which {@link ScheduleKeys} completes. Paths are relative to the
 * file.
 */
final class TableReader {
  private static final String LR = "lr";
  private static final String WARMUP = "warmup_epochs";
  private static final String SCHEDULE = "schedule";
  private static final String ALPHA = "alpha";
  private static final ObjectMapper YAML = RunFormat.yaml();

  private static final List<String> KEYS =
      Stream.concat(
              Stream.of(Settings.class.getRecordComponents())
                  .map(RecordComponent::getName)
                  .map(FormatError::key),
              Stream.of(LR, WARMUP))
          .toList();

  private static final List<String> AXIS_KEYS =
      Stream.concat(Stream.of("name", "against"), KEYS.stream()).toList();

  private final String id;
  private final TableSource source;
  private final Map<String, Object> overrides;
  private final YamlLines lines;
  private final TableContent base;
  private final TableContent content;

  private TableReader(TableSource source, Map<String, Object> overrides) {
    this.source = source;
    this.overrides = overrides;
    id = source.id();
    base = parse(TableSource.resource(source.ofPaper() ? "paper" : "defaults"));
    try {
      lines = YamlLines.of(source.text());
    } catch (MarkedYAMLException e) {
      throw new InputException(
          "%s, line %d: %s"
              .formatted(source.name(), e.getProblemMark().getLine() + 1, e.getProblem()),
          e);
    } catch (YAMLException e) {
      throw new InputException(source.name() + ": " + Reason.firstLine(e), e);
    }
    content = parse(source.text());
  }

  /**
   * Reads an experiment.
   *
   * @param name a built-in name, or the path of a file
   * @param overrides keys that override those of all cells
   * @throws InputException if there is no such experiment, or it has an error
   */
  static Table of(String name, Map<String, Object> overrides) {
    return new TableReader(TableSource.of(name), overrides).table();
  }

  private TableContent parse(String text) {
    try {
      TableContent parsed = text.isBlank() ? null : YAML.readValue(text, TableContent.class);
      if (parsed == null) {
        throw new InputException(source.name() + " must be an experiment, but is empty");
      }
      return parsed;
    } catch (JsonProcessingException e) {
      FormatError error = FormatError.of(e);
      throw error.path().isEmpty()
          ? new InputException(source.name() + ": " + error, e)
          : error(String.join(".", error.path()), error.toString());
    }
  }

  private InputException error(String place, String error) {
    return new InputException("%s, line %d: %s".formatted(source.name(), lines.at(place), error));
  }

  private Table table() {
    if (content.rows().isEmpty() || content.columns().isEmpty()) {
      throw error("rows", "an experiment must have at least one row and one column");
    }
    checkKeys("setting", content.setting(), KEYS);
    checkAxes("columns", content.columns());
    checkAxes("rows", content.rows());
    Map<String, Cell> cells = new LinkedHashMap<>();
    for (int r = 0; r < content.rows().size(); r++) {
      for (int c = 0; c < content.columns().size(); c++) {
        Cell cell = cell(r, c);
        cells.put(cell.id(), cell);
      }
    }
    return new Table(
        id,
        Objects.requireNonNullElse(content.title(), id),
        source.ofPaper(),
        List.copyOf(cells.values()),
        comparisons(cells),
        Stream.concat(content.choices().stream(), base.choices().stream()).toList());
  }

  private void checkKeys(String place, Map<String, Object> settings, List<String> known) {
    for (String key : settings.keySet()) {
      if (!KEYS.contains(key)) {
        throw error(place + "." + key, key + ": " + FormatError.unknownKey(key, known));
      }
    }
  }

  private void checkAxes(String key, List<Axis> axes) {
    List<String> names = axes.stream().map(Axis::name).toList();
    Set<String> words = new HashSet<>();
    for (int i = 0; i < axes.size(); i++) {
      Axis axis = axes.get(i);
      String place = key + "." + i;
      boolean isOnly = axes.equals(TableContent.RESULT);
      if (!isOnly && word(axis.name()).isEmpty() || !words.add(word(axis.name()))) {
        throw error(
            place + ".name",
            "name must have letters or digits, and differ in them from other %s, but is %s"
                .formatted(key, axis.name()));
      }
      List<String> others = names.stream().filter(name -> !name.equals(axis.name())).toList();
      for (String base : axis.against()) {
        if (!others.contains(base)) {
          throw error(place + ".against", "against " + FormatError.unknownName(base, others));
        }
      }
      if (Set.copyOf(axis.against()).size() < axis.against().size()) {
        throw error(place + ".against", "against must name a cell once, but is " + axis.against());
      }
      if (!source.ofPaper() && !(axis.paper().isEmpty() && axis.inferred() == null)) {
        throw error(place + ".paper", "paper and inferred are keys of the paper's tables only");
      }
      if (source.ofPaper()
          && key.equals("rows")
          && axis.paper().size() != content.columns().size()) {
        throw error(place + ".paper", "paper must have a number for each column");
      }
      checkKeys(place, axis.settings(), AXIS_KEYS);
    }
  }

  private Cell cell(int r, int c) {
    Axis row = content.rows().get(r);
    Axis column = content.columns().get(c);
    Map<String, Object> values = new LinkedHashMap<>(base.setting());
    Map<String, String> places = new HashMap<>();
    override(values, places, "setting", content.setting());
    override(values, places, "rows." + r, row.settings());
    override(values, places, "columns." + c, column.settings());
    values.putAll(overrides);
    checkMomentum(values, places);
    values.put(SCHEDULE, schedule(values, places, "rows." + r));
    if (values.get("noise") instanceof String type) {
      values.put("noise", Map.of("type", type));
    }
    if (values.get("noise") instanceof Map<?, ?> noise
        && noise.containsKey(ALPHA)
        && (noise.containsKey("low") || noise.containsKey("high"))) {
      throw error(places.get("noise"), "noise must have alpha or low and high, but has both");
    }
    if (values.get("data") instanceof String data) {
      checkData(places.get("data"), data);
    }
    resolve(values, places, "data", data -> !Datasets.isName(data));
    resolve(values, places, "model", model -> model.endsWith(".pt"));
    Settings settings =
        convert(
            values,
            Settings.class,
            (path, field) -> {
              String key = path.isEmpty() ? field : path.get(0);
              return places.containsKey(key)
                  ? places.get(key) + rest(path.subList(Math.min(1, path.size()), path.size()))
                  : "rows." + r;
            });
    return new Cell(
        id(row.name(), column.name()),
        row.name(),
        column.name(),
        settings,
        source.ofPaper() ? row.paper().get(c) : null,
        row.inferred());
  }

  private static void override(
      Map<String, Object> values,
      Map<String, String> places,
      String place,
      Map<String, Object> settings) {
    settings.forEach(
        (key, value) -> {
          values.put(key, value);
          places.put(key, place + "." + key);
        });
  }

  /** Rejects a name that resembles that of a dataset, unless it is a file. */
  private void checkData(String place, String data) {
    String guess = FormatError.guess(data, Datasets.NAMES);
    boolean isName = Datasets.isName(data);
    if (data.isBlank()
        || !isName && !guess.isEmpty() && !Files.exists(source.folder().resolve(data))) {
      throw error(
          place,
          "data must be a path or one of {%s}, but is %s%s"
              .formatted(String.join(", ", Datasets.NAMES), data, guess));
    }
  }

  /** Rejects settings of momentum for another optimizer, where both are set in the same place. */
  private void checkMomentum(Map<String, Object> values, Map<String, String> places) {
    String optimizer = places.get("optimizer");
    if (optimizer == null || "momentum".equals(values.get("optimizer"))) {
      return;
    }
    for (String key : List.of("momentum", "nesterov", "momentum_form")) {
      String place = places.get(key);
      if (place != null && (!place.startsWith("setting.") || optimizer.startsWith("setting."))) {
        throw error(
            place,
            "%s requires optimizer momentum, but the optimizer is %s"
                .formatted(key, values.get("optimizer")));
      }
    }
  }

  /** Makes a value that is a path relative to the file independent of it. */
  private void resolve(
      Map<String, Object> values,
      Map<String, String> places,
      String key,
      Predicate<String> isPath) {
    if (values.get(key) instanceof String path && isPath.test(path)) {
      try {
        values.put(key, source.folder().resolve(path).normalize().toString());
      } catch (InvalidPathException e) {
        throw error(places.get(key), "%s must be a path, but is %s".formatted(key, path));
      }
    }
  }

  /** Removes the keys that make the schedule of a cell, and returns it with all its own keys. */
  private Map<String, Object> schedule(
      Map<String, Object> values, Map<String, String> places, String row) {
    Object given = Objects.requireNonNullElse(values.remove(SCHEDULE), Map.of());
    Object lr = values.remove(LR);
    Object warmup = Objects.requireNonNullElse(values.remove(WARMUP), 0);
    String place = places.getOrDefault(SCHEDULE, row);
    if (given instanceof String named) {
      Map<String, Map<String, Object>> known = new LinkedHashMap<>(base.schedules());
      known.putAll(content.schedules());
      if (!known.containsKey(named)) {
        throw error(
            place,
            known.isEmpty()
                ? "schedule %s must be defined in schedules, but there are none".formatted(named)
                : "schedule " + FormatError.unknownName(named, known.keySet()));
      }
      given = Objects.requireNonNullElse(known.get(named), Map.of());
      place = "schedules." + named;
    }
    if (!(given instanceof Map<?, ?> keys)) {
      throw error(place, "schedule must be a name or a mapping, but is " + given);
    }
    // Wrong epochs are found later.
    double set = ScheduleKeys.number(values.get("epochs"));
    double epochs = set >= 1 ? set : 1;
    double length = ScheduleKeys.number(warmup);
    if (!(length == 0 || length > 0 && length < epochs)) {
      throw error(
          places.getOrDefault(WARMUP, row),
          "warmup_epochs must be in [0, %s), the epochs of the run, but is %s"
              .formatted(PlainNumber.of(epochs), warmup));
    }
    Map<String, Object> complete = ScheduleKeys.complete(keys, lr, epochs, length);
    String start = place;
    convert(
        complete,
        Schedule.class,
        (path, field) -> {
          // A warm-up around the schedule is not in the text.
          List<String> rest = length > 0 && path.size() > 0 ? path.subList(1, path.size()) : path;
          List<String> at = field == null ? rest : List.of(field);
          boolean isLr = at.equals(List.of(LR)) || at.equals(List.of("low_lr"));
          return lr != null && isLr
              ? places.get(LR)
              : start + rest(rest) + (field == null ? "" : "." + field);
        });
    return complete;
  }

  private static String rest(List<String> path) {
    return path.stream().map(key -> "." + key).collect(Collectors.joining());
  }

  /** Finds the place of a wrong value in the text. */
  private interface Place {
    /**
     * @param path keys and indices that lead to the value's mapping
     * @param field the value's own key; null if the mapping itself is wrong
     */
    String of(List<String> path, String field);
  }

  private <T> T convert(Map<String, Object> values, Class<T> type, Place place) {
    try {
      return YAML.convertValue(values, type);
    } catch (IllegalArgumentException e) {
      if (!(e.getCause() instanceof JsonProcessingException cause)) {
        throw e;
      }
      FormatError error = FormatError.of(cause);
      if (error.path().equals(List.of("noise", "high"))) {
        error = new FormatError(List.of("noise"), ALPHA, "is required, or low and high");
      }
      if ("high".equals(error.field())
          && values.get("noise") instanceof Map<?, ?> noise
          && noise.containsKey(ALPHA)) {
        error = new FormatError(error.path(), ALPHA, error.error());
      }
      throw error(place.of(error.path(), error.field()), error.toString());
    }
  }

  private List<CellComparison> comparisons(Map<String, Cell> cells) {
    List<CellComparison> comparisons = new ArrayList<>();
    for (Axis row : content.rows()) {
      for (Axis column : content.columns()) {
        Cell noisy = cells.get(id(row.name(), column.name()));
        Stream.concat(
                row.against().stream().map(base -> id(base, column.name())),
                column.against().stream().map(base -> id(row.name(), base)))
            .map(cells::get)
            .forEach(base -> comparisons.add(new CellComparison(base, noisy)));
      }
    }
    return List.copyOf(comparisons);
  }

  private String id(String row, String column) {
    return id + "/" + word(row) + "/" + (column.isEmpty() ? "result" : word(column));
  }

  /** Turns "SD + RN" into "sd-rn". */
  private static String word(String name) {
    return name.toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}.]+", "-")
        .replaceAll("^-|-$", "");
  }
}
