package org.noisylr.experiment.plan;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.noisylr.check.InputException;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.GeneratedData;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.format.Datasets;

/** Where the data of an experiment come from. */
public final class DataSources {
  private static final Map<String, String> EMBEDDED =
      Map.of("mnist", "fashion-mnist-mini", "fashion-mnist", "fashion-mnist-mini");

  private DataSources() {}

  /**
   * What is trained on for a published dataset.
   *
   * @param opened name or path to open it with
   * @param description of it for readers
   * @param other whether it is another dataset than the published one
   * @param standIn whether it is made up, or embedded because the published one is absent
   * @param train number of training examples
   * @param test number of test examples
   */
  public record DataSource(
      String opened, String description, boolean other, boolean standIn, int train, int test) {}

  /**
   * Finds and opens the datasets.
   *
   * @param names of published datasets
   * @param overrides names or paths to open in place of some of them
   * @param standIns whether something embedded or made up may take the place of an absent one
   * @param check is given each name and what was opened for it, to refuse it
   * @throws InputException if one is absent without a stand-in, cannot be read, or is refused
   */
  static Map<String, DataSource> find(
      Collection<String> names,
      Map<String, String> overrides,
      boolean standIns,
      BiConsumer<String, Dataset> check) {
    for (String name : overrides.keySet()) {
      if (PublishedDataset.of(name) == null) {
        throw new InputException(
            "--data-override must name one of %s, but names %s"
                .formatted(
                    List.of(PublishedDataset.values()).stream()
                        .map(PublishedDataset::datasetName)
                        .toList(),
                    name));
      }
    }
    for (String name : overrides.keySet()) {
      if (!names.contains(name)) {
        throw new InputException(
            "--data-override must name data of the chosen cells, which are %s, but names %s"
                .formatted(String.join(", ", new TreeSet<>(names)), name));
      }
    }
    Map<String, DataSource> sources = new TreeMap<>();
    TreeSet<String> absent = new TreeSet<>();
    for (String name : new TreeSet<>(names)) {
      if (overrides.containsKey(name)) {
        sources.put(name, overriding(name, overrides.get(name), check));
      } else if (Datasets.isAvailable(name)) {
        sources.put(name, opened(name, name, name, false, false, check));
      } else if (standIns) {
        sources.put(name, standIn(name, check));
      } else {
        absent.add(name);
      }
    }
    if (!absent.isEmpty()) {
      throw new InputException(
          "the data of %s are not in %s: fetch them with 'noisylr data fetch %s', name others with --data-override NAME=PATH, or choose the cells that need none of them with --only"
              .formatted(String.join(", ", absent), Datasets.dataHome(), String.join(" ", absent)));
    }
    return new LinkedHashMap<>(sources);
  }

  private static DataSource overriding(
      String name, String nameOrPath, BiConsumer<String, Dataset> check) {
    if (Datasets.NAMES.contains(nameOrPath) || nameOrPath.startsWith(GeneratedData.PREFIX)) {
      return opened(name, nameOrPath, nameOrPath + " in place of " + name, true, false, check);
    }
    try {
      Path path = Path.of(nameOrPath).toAbsolutePath().normalize();
      return opened(
          name, path.toString(), path.getFileName() + " in place of " + name, true, false, check);
    } catch (InvalidPathException e) {
      throw new InputException("--data-override must be NAME=PATH, but the path is no path", e);
    }
  }

  private static DataSource standIn(String name, BiConsumer<String, Dataset> check) {
    if (EMBEDDED.containsKey(name)) {
      String embedded = EMBEDDED.get(name);
      return opened(
          name, embedded, embedded + ", embedded, in place of " + name, true, true, check);
    }
    return opened(
        name,
        GeneratedData.PREFIX + name,
        "generated examples in place of " + name,
        true,
        true,
        check);
  }

  private static DataSource opened(
      String name,
      String nameOrPath,
      String description,
      boolean other,
      boolean standIn,
      BiConsumer<String, Dataset> check) {
    Dataset data = Datasets.open(nameOrPath);
    check.accept(name, data);
    boolean generated = nameOrPath.startsWith(GeneratedData.PREFIX);
    return new DataSource(
        nameOrPath, description, other, standIn || generated, data.trainCount(), data.testCount());
  }
}
