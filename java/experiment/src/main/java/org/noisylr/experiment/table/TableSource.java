package org.noisylr.experiment.table;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.store.RunStore;

/**
 * The text of an experiment.
 *
 * @param name for messages
 * @param text YAML
 * @param folder that paths are relative to
 * @param ofPaper whether it is a table of the paper
 */
record TableSource(String name, String text, Path folder, boolean ofPaper) {
  private static final Pattern FILE = Pattern.compile("([\\p{L}\\p{N}][\\p{L}\\p{N}._-]*)\\.ya?ml");

  /**
   * Returns a built-in experiment, or reads a file.
   *
   * @throws InputException if there is no such experiment, or its file cannot be read
   */
  static TableSource of(String name) {
    if (Table.IDS.contains(name)) {
      return new TableSource(name, resource(name), Path.of(""), true);
    }
    if (Table.EXAMPLES.contains(name)) {
      return new TableSource(name, resource("example/" + name), Path.of(""), false);
    }
    if (!name.endsWith(".yaml") && !name.endsWith(".yml")) {
      throw Table.unknown(name);
    }
    Path file = Path.of(name);
    try {
      return new TableSource(
          name, Files.readString(file), file.toAbsolutePath().getParent(), false);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /** Returns the built-in name, or the name of the file without its extension. */
  String id() {
    if (Table.isBuiltIn(name)) {
      return name;
    }
    Matcher matcher = FILE.matcher(Path.of(name).getFileName().toString());
    if (!matcher.matches()) {
      throw Check.invalid(
          "experiment", name, "a file named by letters, digits, '.', '_' and '-' only");
    }
    String id = matcher.group(1);
    if (id.equals(RunStore.RUNS)) {
      throw new InputException(
          name + " must have another name, because a store has a folder " + id);
    }
    if (Table.isBuiltIn(id)) {
      throw new InputException(
          "%s must have another name, because %s is a built-in experiment".formatted(name, id));
    }
    return id;
  }

  /** Returns the text of a resource of this package. */
  static String resource(String name) {
    try (InputStream in = TableSource.class.getResourceAsStream(name + ".yaml")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name + ".yaml of this build is missing or damaged", e);
    }
  }
}
