package org.noisylr.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** A file that an option names for output. */
final class OutputFile {
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private OutputFile() {}

  /**
   * Writes a file aside and puts it in its place when it is whole. Standard output, by the name of
   * {@code -} too, pipes and devices are written to, never replaced.
   *
   * @throws InputException if that cannot be done; a file of that name is as it was
   */
  static void write(String option, String name, Content content) {
    try {
      if (name.matches("-|/dev/stdout|(/dev|/proc/self)/fd/1")) {
        content.writeTo(System.out);
        if (System.out.checkError()) {
          throw new IOException("standard output does not take it all");
        }
        return;
      }
      Path file = target(Path.of(name));
      if (name.matches("/dev/stderr|(/dev|/proc/self)/fd/.*")
          || Files.exists(file) && !Files.isRegularFile(file)) {
        try (OutputStream out =
            Files.newOutputStream(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
          content.writeTo(out);
        }
        return;
      }
      replace(file, content);
    } catch (IOException e) {
      throw new InputException(
          "cannot write %s %s: %s".formatted(option, name, Reason.of(e, name)), e);
    } catch (InvalidPathException e) {
      throw new InputException("%s must be a path, but is %s".formatted(option, name), e);
    }
  }

  /** Whether two names are of one file. */
  static boolean isSame(String a, String b) {
    try {
      return Path.of(a)
          .toAbsolutePath()
          .normalize()
          .equals(Path.of(b).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** What a link leads to, whether it exists or not. */
  private static Path target(Path named) throws IOException {
    if (named.startsWith("/dev") || named.startsWith("/proc") || !Files.isSymbolicLink(named)) {
      return named;
    }
    return Files.exists(named)
        ? named.toRealPath()
        : named.resolveSibling(Files.readSymbolicLink(named));
  }

  private static void replace(Path file, Content content) throws IOException {
    Path temporary =
        file.resolveSibling("%s.%s.tmp".formatted(file.getFileName(), UUID.randomUUID()));
    OutputStream out = Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW);
    temporary.toFile().deleteOnExit();
    try {
      try (out) {
        content.writeTo(out);
      }
      if (Files.exists(file)) {
        Files.setPosixFilePermissions(temporary, Files.getPosixFilePermissions(file));
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
