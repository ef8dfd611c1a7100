package org.noisylr.experiment.plan;

import static java.util.stream.Collectors.toCollection;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.table.Settings;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.GeneratedData;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.format.Datasets;

/**
 * The data that cells are trained on.
 *
 * @param location name or path to open the data with
 * @param description the data in words
 * @param isSubstitute whether it is another dataset than the one that the cells name
 * @param standIn whether it is synthetic, or embedded because a published dataset is absent
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
   * The data that cells name.
   *
   * @param data name or path
   * @param resize width and height that images are resized to; null to keep their size
   */
  record Key(String data, Integer resize) {
    static Key of(Settings settings) {
      return new Key(settings.data(), settings.resize());
    }
  }

  /** Uses a dataset while it is open. */
  interface User {
    void use(Key key, DataSource source, Dataset data);
  }

  /**
   * Opens datasets, one at a time.
   *
   * @param overrides names or paths to open instead of some of them, by name
   * @param standIns whether embedded or synthetic data may replace an absent dataset
   * @throws InputException if a dataset is absent and has no stand-in, or cannot be read
   */
  static void open(Set<Key> keys, Map<String, String> overrides, boolean standIns, User user) {
    TreeSet<String> names = keys.stream().map(Key::data).collect(toCollection(TreeSet::new));
    overrides.keySet().forEach(name -> checkOverride(name, names));
    Set<String> absent =
        names.stream()
            .filter(name -> PublishedDataset.of(name) != null)
            .filter(name -> !overrides.containsKey(name) && !Datasets.isAvailable(name))
            .collect(toCollection(TreeSet::new));
    if (!absent.isEmpty() && !standIns) {
      throw new InputException(
          "no data of %s in %s: fetch it with 'noisylr data fetch %s', name other data with --data-override NAME=PATH, or select cells that do not use it with --only"
              .formatted(String.join(", ", absent), Datasets.dataHome(), String.join(" ", absent)));
    }
    for (Key key : keys) {
      String name = key.data();
      if (overrides.containsKey(name)) {
        String location = Datasets.canonical(overrides.get(name));
        open(key, location, inPlaceOf(fileName(location), name), true, false, user);
      } else if (!absent.contains(name)) {
        open(key, Datasets.canonical(name), fileName(name), false, false, user);
      } else if (EMBEDDED.containsKey(name)) {
        String embedded = EMBEDDED.get(name);
        open(key, embedded, inPlaceOf(embedded + ", embedded,", name), true, true, user);
      } else {
        String generated = GeneratedData.PREFIX + name;
        open(key, generated, inPlaceOf("synthetic examples", name), true, true, user);
      }
    }
  }

  private static void checkOverride(String name, Collection<String> names) {
    if (!names.contains(name)) {
      throw Check.invalid(
          "--data-override",
          name,
          "NAME=PATH with NAME one of {%s}, the data of the selected cells"
              .formatted(String.join(", ", names)));
    }
  }

  private static String fileName(String location) {
    Path name = Datasets.isName(location) ? null : Path.of(location).getFileName();
    return name == null ? location : name.toString();
  }

  private static String inPlaceOf(String description, String name) {
    return description + " in place of " + fileName(name);
  }

  private static void open(
      Key key,
      String location,
      String description,
      boolean isSubstitute,
      boolean standIn,
      User user) {
    Dataset data = Datasets.open(location, key.resize);
    boolean generated = location.startsWith(GeneratedData.PREFIX);
    DataSource source =
        new DataSource(
            location,
            description,
            isSubstitute,
            standIn || generated,
            data.trainCount(),
            data.testCount());
    user.use(key, source, data);
  }
}
