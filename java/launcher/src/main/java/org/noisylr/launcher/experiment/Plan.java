package org.noisylr.launcher.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.noisylr.check.InputException;
import org.noisylr.launcher.experiment.Planner.PlannedCell;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunFormat;

/**
 * Which runs of a store make up a table at a scale: {@code TABLE/SCALE/plan.yaml} in the store,
 * from which reports are made.
 *
 * @param cells by their ids
 */
record Plan(Map<String, Entry> cells) {
  private static final String FILE = "plan.yaml";

  /**
   * A cell's runs.
   *
   * @param data what they are trained on, in words
   * @param standIn whether that is embedded or made up
   * @param epochs number of epochs
   * @param train number of training examples; null for all
   * @param test number of test examples; null for all
   * @param runs names in the store by seed
   */
  record Entry(
      String data,
      boolean standIn,
      int epochs,
      Integer train,
      Integer test,
      Map<Long, String> runs) {
    static Entry of(PlannedCell planned) {
      RunConfig first = planned.runs().values().iterator().next();
      Map<Long, String> runs = new TreeMap<>();
      planned.runs().forEach((seed, config) -> runs.put(seed, RunStore.key(config)));
      return new Entry(
          planned.data(),
          planned.standIn(),
          first.training().epochs(),
          first.subset(),
          first.testSubset(),
          runs);
    }
  }

  /** The folder of a table at a scale, which its report goes to as well. */
  static Path folder(Path store, String table, Scale scale) {
    return store.resolve(table).resolve(scale.toString());
  }

  /**
   * The plan of a table at a scale.
   *
   * @throws InputException if there is none, or it is damaged
   */
  static Plan read(Path store, String table, Scale scale) {
    Path file = folder(store, table, scale).resolve(FILE);
    if (!Files.exists(file)) {
      throw new InputException(
          "%s has no runs of %s at scale %s: begin with 'noisylr experiment run %s --scale %s'"
              .formatted(store, table, scale, table, scale));
    }
    try {
      return RunFormat.yaml().readValue(Files.readString(file), Plan.class);
    } catch (JsonProcessingException e) {
      throw new InputException(file + " is not a plan: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputException("cannot read " + file + ": " + e, e);
    }
  }

  /** The scales at which a table has been run. */
  static List<Scale> scales(Path store, String table) {
    return Arrays.stream(Scale.values())
        .filter(scale -> Files.exists(folder(store, table, scale).resolve(FILE)))
        .toList();
  }

  /** Writes the plans of all tables that the cells belong to; cells planned before stay. */
  static void write(Path store, Scale scale, List<PlannedCell> planned) {
    ObjectMapper yaml = RunFormat.yaml();
    Map<String, List<PlannedCell>> byTable =
        planned.stream()
            .collect(
                Collectors.groupingBy(p -> p.cell().id().substring(0, p.cell().id().indexOf('/'))));
    byTable.forEach(
        (table, cells) -> {
          Path folder = folder(store, table, scale);
          Map<String, Entry> entries = new TreeMap<>();
          if (Files.exists(folder.resolve(FILE))) {
            entries.putAll(read(store, table, scale).cells);
          }
          cells.forEach(cell -> entries.put(cell.cell().id(), Entry.of(cell)));
          try {
            Files.createDirectories(folder);
            AtomicFile.write(folder.resolve(FILE), yaml.writeValueAsString(new Plan(entries)));
          } catch (IOException e) {
            throw new InputException("cannot write to --out " + store + ": " + e, e);
          }
        });
  }
}
