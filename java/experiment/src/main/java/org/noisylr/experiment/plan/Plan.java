package org.noisylr.experiment.plan;

import static java.util.stream.Collectors.groupingBy;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunFormat;

/**
 * The runs of a store that belong to a table at a scale. The plan is stored as {@code
 * TABLE/SCALE/plan.yaml}, and reports are made from it.
 *
 * @param cells entries by the ids of cells
 */
public record Plan(Map<String, Entry> cells) {
  private static final String FILE = "plan.yaml";

  /** Validates the values. */
  public Plan {
    Check.required("cells", cells).forEach(Check::required);
  }

  /**
   * The runs of a cell.
   *
   * @param command the command that planned the runs
   * @param settings how the cell is trained at full scale, in words
   * @param location name or path of the data
   * @param data the data in words
   * @param other whether it is another dataset than the paper's
   * @param standIn whether it is embedded or synthetic
   * @param backbone the file of initial weights; null for none
   * @param validation fraction of the training examples that chooses the best epoch; null for the
   *     test examples
   * @param epochs number of epochs
   * @param trainCount number of training examples
   * @param testCount number of test examples
   * @param runs keys in the store by seed
   */
  public record Entry(
      String command,
      String settings,
      String location,
      String data,
      boolean other,
      boolean standIn,
      String backbone,
      Double validation,
      int epochs,
      @JsonProperty("train") int trainCount,
      @JsonProperty("test") int testCount,
      Map<Long, String> runs) {
    /** Validates the values. */
    public Entry {
      Check.required("command", command);
      Check.required("settings", settings);
      Check.required("location", location);
      Check.required("data", data);
      Check.required("runs", runs).forEach((seed, key) -> Check.required("runs." + seed, key));
    }

    static Entry of(String command, PlannedCell planned) {
      RunConfig first = planned.runs().values().iterator().next();
      Map<Long, String> runs = new TreeMap<>();
      planned.runs().forEach((seed, config) -> runs.put(seed, RunStore.key(config)));
      return new Entry(
          command,
          planned.cell().settings().describe(),
          planned.data().location(),
          planned.data().description(),
          planned.data().isSubstitute(),
          planned.data().standIn(),
          first.backbone(),
          first.selection().validation(),
          first.training().epochs(),
          planned.trainCount(),
          planned.testCount(),
          runs);
    }

    /** Returns data, numbers of examples and epochs, and backbone, in words. */
    public String describe() {
      return "%s: %,d training and %,d test examples, %s%s"
          .formatted(
              data,
              trainCount,
              testCount,
              PlainNumber.of(epochs, "epoch"),
              backbone == null ? "" : ", backbone " + backbone);
    }

    /** Returns whether the scores of the two cells may be compared. */
    public boolean comparable(Entry entry) {
      return with("", "", Map.of()).equals(entry.with("", "", Map.of()));
    }

    /** Returns whether the two entries differ in their seeds alone. All have seed 1. */
    boolean sameTraining(Entry entry) {
      return Objects.equals(runs.get(1L), entry.runs.get(1L));
    }

    /** This entry, with the finished seeds that only an earlier entry of the same training has. */
    Entry after(Entry earlier, RunStore store) {
      if (earlier == null || !sameTraining(earlier)) {
        return this;
      }
      Map<Long, String> both = new TreeMap<>(earlier.runs);
      both.values().removeIf(key -> store.finished(key).isEmpty());
      both.putAll(runs);
      return with(command, settings, both);
    }

    private Entry with(String newCommand, String newSettings, Map<Long, String> newRuns) {
      return new Entry(
          newCommand,
          newSettings,
          location,
          data,
          other,
          standIn,
          backbone,
          validation,
          epochs,
          trainCount,
          testCount,
          newRuns);
    }
  }

  /** Returns the folder of a table at a scale; its plan and its report are stored there. */
  public static Path folder(Path store, String table, Scale scale) {
    return store.resolve(table).resolve(scale.toString());
  }

  /**
   * Reads the plan of a table at a scale.
   *
   * @throws InputException if there is none, or it is damaged
   */
  public static Plan read(Path store, String table, Scale scale) {
    Path file = folder(store, table, scale).resolve(FILE);
    if (!Files.exists(file)) {
      throw noRuns(store, table, table, scale);
    }
    try {
      return RunFormat.fromYaml(Files.readString(file), Plan.class, "a plan");
    } catch (InputException e) {
      throw new InputException(
          "%s is %s; delete it, and 'experiment run' writes it again"
              .formatted(file, e.getMessage()),
          e);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /**
   * Returns the error that runs are missing, with the command that trains them.
   *
   * @param what what has no runs: an experiment or a cell
   * @param scale null for any
   */
  public static InputException noRuns(Path store, String what, String experiment, Scale scale) {
    String option = scale == null ? "" : " --scale " + scale;
    return new InputException(
        "%s has no runs of %s%s: start with 'noisylr experiment run %s%s --out %s'"
            .formatted(
                store, what, scale == null ? "" : " at scale " + scale, experiment, option, store));
  }

  /** Returns the scales at which a table has been run. */
  public static List<Scale> scales(Path store, String table) {
    return Arrays.stream(Scale.values())
        .filter(scale -> Files.exists(folder(store, table, scale).resolve(FILE)))
        .toList();
  }

  /**
   * Writes the plans of all tables that the cells belong to. Earlier cells remain, and so do
   * finished seeds of a cell that is otherwise unchanged.
   *
   * @param command plans these cells
   * @return a line for each cell that an earlier plan trained in another way
   */
  public static List<String> write(
      Path store, Scale scale, String command, List<PlannedCell> planned) {
    List<String> changes = new ArrayList<>();
    planned.stream()
        .collect(groupingBy(p -> p.cell().table()))
        .forEach(
            (table, cells) ->
                OutputFolder.lock(
                    folder(store, table, scale),
                    () -> changes.addAll(merge(store, table, scale, command, cells))));
    return changes;
  }

  private static List<String> merge(
      Path store, String table, Scale scale, String command, List<PlannedCell> cells)
      throws IOException {
    List<String> changes = new ArrayList<>();
    Path file = folder(store, table, scale).resolve(FILE);
    RunStore runs = new RunStore(store);
    Map<String, Entry> before = Files.exists(file) ? read(store, table, scale).cells : Map.of();
    Map<String, Entry> entries = new TreeMap<>(before);
    for (PlannedCell cell : cells) {
      String id = cell.cell().id();
      Entry earlier = entries.get(id);
      Entry entry = Entry.of(command, cell);
      if (earlier != null && !entry.sameTraining(earlier)) {
        changes.add(
            "%s is trained in another way than before (%s; %s); the store keeps its earlier runs (%s; %s)"
                .formatted(
                    id, entry.describe(), entry.settings, earlier.describe(), earlier.settings));
      }
      entries.put(id, entry.after(earlier, runs));
    }
    if (!entries.equals(before)) {
      AtomicFile.write(file, RunFormat.yaml().writeValueAsString(new Plan(entries)));
    }
    return changes;
  }
}
