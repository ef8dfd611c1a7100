package org.noisylr.experiment.plan;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunFormat;

/**
 * Which runs of a store make up a table at a scale: {@code TABLE/SCALE/plan.yaml} in the store,
 * from which reports are made.
 *
 * @param cells by their ids
 */
public record Plan(Map<String, Entry> cells) {
  private static final String FILE = "plan.yaml";

  public Plan {
    Check.required("cells", cells).forEach(Check::required);
  }

  /**
   * A cell's runs. Cells whose entries differ in anything but the runs cannot be compared.
   *
   * @param data what they are trained on, in words
   * @param other whether that is another dataset than the paper's
   * @param standIn whether it is embedded or made up
   * @param backbone the file of weights that they start from; null for none
   * @param epochs number of epochs
   * @param train number of training examples
   * @param test number of test examples
   * @param runs names in the store by seed
   */
  public record Entry(
      String data,
      boolean other,
      boolean standIn,
      String backbone,
      int epochs,
      int train,
      int test,
      Map<Long, String> runs) {
    public Entry {
      Check.required("data", data);
      Check.required("runs", runs).forEach((seed, name) -> Check.required("runs." + seed, name));
    }

    static Entry of(PlannedCell planned) {
      RunConfig first = planned.runs().values().iterator().next();
      Map<Long, String> runs = new TreeMap<>();
      planned.runs().forEach((seed, config) -> runs.put(seed, RunStore.key(config)));
      return new Entry(
          planned.data().description(),
          planned.data().other(),
          planned.data().standIn(),
          first.backbone(),
          first.training().epochs(),
          planned.train(),
          planned.test(),
          runs);
    }

    /** In words: data, numbers, backbone. */
    public String describe() {
      return "%s: %,d training and %,d test examples, %d epochs%s"
          .formatted(data, train, test, epochs, backbone == null ? "" : ", backbone " + backbone);
    }

    public boolean comparable(Entry entry) {
      return withRuns(Map.of()).equals(entry.withRuns(Map.of()));
    }

    /** This entry with the seeds of an earlier one that it does not have. */
    Entry after(Entry earlier) {
      if (earlier == null || !comparable(earlier)) {
        return this;
      }
      Map<Long, String> both = new TreeMap<>(earlier.runs);
      both.putAll(runs);
      return withRuns(both);
    }

    private Entry withRuns(Map<Long, String> others) {
      return new Entry(data, other, standIn, backbone, epochs, train, test, others);
    }
  }

  /** The folder of a table at a scale, which its report goes to as well. */
  public static Path folder(Path store, String table, Scale scale) {
    return store.resolve(table).resolve(scale.toString());
  }

  /**
   * The plan of a table at a scale.
   *
   * @throws InputException if there is none, or it is damaged
   */
  public static Plan read(Path store, String table, Scale scale) {
    Path file = folder(store, table, scale).resolve(FILE);
    if (!Files.exists(file)) {
      throw new InputException(
          "%s has no runs of %s at scale %s: begin with 'noisylr experiment run %s --scale %s --out %s'"
              .formatted(store, table, scale, table, scale, store));
    }
    try {
      return RunFormat.fromYaml(Files.readString(file), Plan.class, "a plan");
    } catch (InputException e) {
      throw new InputException(
          file + " is " + e.getMessage() + "; delete it, and 'experiment run' writes it anew", e);
    } catch (IOException e) {
      throw new InputException("cannot read " + file + ": " + Reason.of(e, file), e);
    }
  }

  /** The scales at which a table has been run. */
  public static List<Scale> scales(Path store, String table) {
    return Arrays.stream(Scale.values())
        .filter(scale -> Files.exists(folder(store, table, scale).resolve(FILE)))
        .toList();
  }

  /**
   * Writes the plans of all tables that the cells belong to. Cells planned before stay, and so do
   * earlier seeds of a cell that is otherwise the same.
   *
   * @return a line for each cell that was planned on other data or otherwise before
   */
  public static List<String> write(Path store, Scale scale, List<PlannedCell> planned) {
    List<String> replaced = new ArrayList<>();
    Map<String, List<PlannedCell>> byTable =
        planned.stream().collect(Collectors.groupingBy(p -> p.cell().table()));
    byTable.forEach(
        (table, cells) -> {
          Path folder = folder(store, table, scale);
          try {
            Files.createDirectories(folder);
            alone(folder, () -> merge(store, table, scale, cells, replaced));
          } catch (IOException e) {
            throw new InputException(
                "cannot write to --out " + store + ": " + Reason.of(e, store), e);
          }
        });
    return replaced;
  }

  private static void merge(
      Path store, String table, Scale scale, List<PlannedCell> cells, List<String> replaced)
      throws IOException {
    Path file = folder(store, table, scale).resolve(FILE);
    Map<String, Entry> before = Files.exists(file) ? read(store, table, scale).cells : Map.of();
    Map<String, Entry> entries = new TreeMap<>(before);
    for (PlannedCell cell : cells) {
      String id = cell.cell().id();
      Entry earlier = entries.get(id);
      Entry entry = Entry.of(cell);
      if (earlier != null && !entry.comparable(earlier)) {
        replaced.add(
            "%s stands on %s from now on, no longer on %s (whose runs stay in the store)"
                .formatted(id, entry.describe(), earlier.describe()));
      }
      entries.put(id, entry.after(earlier));
    }
    if (!entries.equals(before)) {
      AtomicFile.write(file, RunFormat.yaml().writeValueAsString(new Plan(entries)));
    }
  }

  /** Work on files. */
  public interface Work {
    void run() throws IOException;
  }

  /** Waits until no other process works on the folder's plan and report, then works on them. */
  public static void alone(Path folder, Work work) throws IOException {
    // A process has a lock as a whole: its threads take turns by the monitor.
    synchronized (Plan.class) {
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        work.run();
      }
    }
  }
}
