package org.noisylr.train.data.format;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.noisylr.check.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what a reader leaves out or converts: one line for each kind, with the number of files and
 * the first of them. A process logs each line once, however often it opens a dataset.
 */
final class Notes {
  private static final Logger LOG = LoggerFactory.getLogger(Notes.class);
  static final Set<String> LOGGED = ConcurrentHashMap.newKeySet();
  private static final int MOST_EXTENSIONS = 5;
  private static final int LONGEST_EXTENSION = 10;

  private Notes() {}

  /** Logs what was chosen for the user. */
  static void info(String line) {
    if (LOGGED.add(line)) {
      LOG.info("{}", InputException.oneLine(line));
    }
  }

  private static void warn(String line) {
    if (LOGGED.add(line)) {
      LOG.warn("{}", InputException.oneLine(line));
    }
  }

  /**
   * Logs that files are left out. Does nothing if there are none.
   *
   * @param what they are, {@code file}
   * @param place the dataset
   * @param reason {@code neither JPEG nor PNG}
   * @param advice what to do; empty if nothing
   */
  static void skipped(String what, Object place, List<String> paths, String reason, String advice) {
    if (!paths.isEmpty()) {
      warn(
          "%s of %s %s skipped: %s (%s), first: %s%s"
              .formatted(
                  count(paths.size(), what),
                  place,
                  verb(paths),
                  reason,
                  extensions(paths),
                  paths.get(0),
                  advice.isEmpty() ? "" : "; " + advice));
    }
  }

  /**
   * Logs that examples are converted. Does nothing if there are none.
   *
   * @param what they are, {@code image}
   * @param total the number of all examples
   * @param conversion a format of {@code is} or {@code are}
   */
  static void converted(
      String what, Object place, List<String> paths, int total, String conversion) {
    if (!paths.isEmpty()) {
      warn(
          "%d of %s of %s %s, first: %s"
              .formatted(
                  paths.size(),
                  count(total, what),
                  place,
                  conversion.formatted(verb(paths)),
                  paths.get(0)));
    }
  }

  private static String verb(List<String> paths) {
    return paths.size() == 1 ? "is" : "are";
  }

  /** Returns {@code 1 file} or {@code 2 files}. */
  static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /** Returns the number of paths with each extension, the most frequent first. */
  static String extensions(Collection<String> paths) {
    Map<String, Integer> counts = new TreeMap<>();
    paths.forEach(path -> counts.merge(extension(path), 1, Integer::sum));
    String frequent =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(MOST_EXTENSIONS)
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    return counts.size() > MOST_EXTENSIONS ? frequent + ", …" : frequent;
  }

  private static String extension(String path) {
    String file = path.substring(path.lastIndexOf('/') + 1);
    int dot = file.lastIndexOf('.');
    return dot < 0 || file.length() - dot > LONGEST_EXTENSION
        ? "without extension"
        : file.substring(dot).toLowerCase(Locale.ROOT);
  }
}
