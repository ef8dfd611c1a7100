package org.noisylr.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** A file that an option names for output. */
final class OutputFile {
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private OutputFile() {}

  /**
   * Writes a file aside and puts it in its place when it is whole. A pipe, a device or a name of
   * what is open already, {@code /dev/stdout}, is written to, never replaced.
   *
   * @throws InputException if that cannot be done; a file of that name is as it was
   */
  static void write(String option, String name, Content content) {
    try {
      Path named = Path.of(name);
      if (isOpenAlready(name) || Files.exists(named) && !Files.isRegularFile(named)) {
        try (OutputStream out =
            Files.newOutputStream(named, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
          content.writeTo(out);
        }
        return;
      }
      replace(Files.exists(named) ? named.toRealPath() : named, content);
    } catch (IOException e) {
      throw new InputException(
          "cannot write %s %s: %s".formatted(option, name, Reason.of(e, name)), e);
    } catch (InvalidPathException e) {
      throw new InputException("%s must be a path, but is %s".formatted(option, name), e);
    }
  }

  private static boolean isOpenAlready(String name) {
    return name.matches("/dev/(stdout|stderr|fd/.*)|/proc/.*");
  }

  private static void replace(Path file, Content content) throws IOException {
    // Another process that writes the same file has another number.
    Path temporary =
        file.resolveSibling(
            "%s.%d.tmp".formatted(file.getFileName(), ProcessHandle.current().pid()));
    OutputStream out = Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW);
    temporary.toFile().deleteOnExit();
    try {
      try (out) {
        content.writeTo(out);
      }
      Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
