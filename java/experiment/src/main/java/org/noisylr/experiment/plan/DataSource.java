package org.noisylr.experiment.plan;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.GeneratedData;
import org.noisylr.train.data.format.Datasets;

/**
 * The data that cells use for a published dataset of the paper.
 *
 * @param location name or path to open the data with
 * @param description the data in words
 * @param isSubstitute whether it is another dataset than the published one
 * @param standIn whether it is synthetic, or embedded because the published dataset is absent
 * @param trainCount number of training examples
 * @param testCount number of test examples
 */
public record DataSource(
    String location,
    String description,
    boolean isSubstitute,
    boolean standIn,
    int trainCount,
    int testCount) {
  private static final Map<String, String> EMBEDDED =
      Map.of("mnist", "fashion-mnist-mini", "fashion-mnist", "fashion-mnist-mini");

  /**
   * Finds and opens datasets.
   *
   * @param names names of published datasets
   * @param overrides names or paths to open instead of some of them
   * @param standIns whether embedded or synthetic data may replace an absent dataset
   * @param check receives each name and the dataset opened for it; throws to reject it
   * @return the sources by name
   * @throws InputException if a dataset is absent and has no stand-in, cannot be read, or is
   *     rejected
   */
  static Map<String, DataSource> find(
      Collection<String> names,
      Map<String, String> overrides,
      boolean standIns,
      BiConsumer<String, Dataset> check) {
    overrides.keySet().forEach(name -> checkOverride(name, names));
    Map<String, DataSource> sources = new TreeMap<>();
    TreeSet<String> absent = new TreeSet<>();
    for (String name : new TreeSet<>(names)) {
      if (overrides.containsKey(name)) {
        sources.put(name, override(name, overrides.get(name), check));
      } else if (Datasets.isAvailable(name)) {
        sources.put(name, open(name, name, name, false, check));
      } else if (standIns) {
        sources.put(name, standIn(name, check));
      } else {
        absent.add(name);
      }
    }
    if (!absent.isEmpty()) {
      throw new InputException(
          "no data of %s in %s: fetch it with 'noisylr data fetch %s', name other data with --data-override NAME=PATH, or select cells that do not use it with --only"
              .formatted(String.join(", ", absent), Datasets.dataHome(), String.join(" ", absent)));
    }
    return sources;
  }

  private static void checkOverride(String name, Collection<String> names) {
    if (!names.contains(name)) {
      throw Check.invalid(
          "--data-override",
          name,
          "NAME=PATH with NAME one of {%s}, the data of the selected cells"
              .formatted(String.join(", ", new TreeSet<>(names))));
    }
  }

  private static DataSource override(
      String name, String nameOrPath, BiConsumer<String, Dataset> check) {
    String location = Datasets.canonical(nameOrPath);
    String description = Path.of(location).getFileName() + " in place of " + name;
    return open(name, location, description, false, check);
  }

  private static DataSource standIn(String name, BiConsumer<String, Dataset> check) {
    String embedded = EMBEDDED.get(name);
    return embedded == null
        ? open(
            name,
            GeneratedData.PREFIX + name,
            "synthetic examples in place of " + name,
            true,
            check)
        : open(name, embedded, embedded + ", embedded, in place of " + name, true, check);
  }

  private static DataSource open(
      String name,
      String location,
      String description,
      boolean standIn,
      BiConsumer<String, Dataset> check) {
    Dataset data = Datasets.open(location);
    check.accept(name, data);
    boolean generated = location.startsWith(GeneratedData.PREFIX);
    return new DataSource(
        location,
        description,
        !location.equals(name),
        standIn || generated,
        data.trainCount(),
        data.testCount());
  }
}
