package org.noisylr.train.data.format;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/**
 * A stream that can be opened, and its name in error messages.
 *
 * @param name a path, or the path of an archive and the name of its entry
 * @param opener opens the stream
 */
record Source(String name, Action<InputStream> opener) {
  /** The longest array that every JVM can allocate. */
  static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  /** The most bytes that inflating can make of one. */
  static final int INFLATED = 1032;

  /** Reads something. */
  interface Action<T> {
    T run() throws IOException;
  }

  /** Reads a stream. */
  interface Parser<T> {
    T parse(InputStream in) throws IOException;
  }

  static Source of(Path file) {
    return new Source(file.toString(), () -> Files.newInputStream(regular(file)));
  }

  /** Returns the file. Rejects folders, pipes and devices, which may never end. */
  static Path regular(Path file) throws FileSystemException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new FileSystemException(file.toString(), null, "it is not a regular file");
    }
    return file;
  }

  /** Runs {@code action}; an error in reading {@code name} becomes an {@link InputException}. */
  static <T> T reading(Object name, Action<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      throw error(name, e);
    } catch (UncheckedIOException e) {
      throw error(name, e.getCause());
    }
  }

  /** Opens, parses and closes the stream. */
  <T> T read(Parser<T> parser) {
    return reading(
        name,
        () -> {
          try (InputStream in = opener.run()) {
            return parser.parse(in);
          }
        });
  }

  /** Reads like {@link #read}, but decompresses what is compressed with gzip. */
  <T> T readUncompressed(Parser<T> parser) {
    return read(
        raw -> {
          BufferedInputStream in = new BufferedInputStream(raw, 1 << 16);
          in.mark(2);
          byte[] start = in.readNBytes(2);
          in.reset();
          return parser.parse(isGzip(start) ? new GZIPInputStream(in, 1 << 16) : in);
        });
  }

  /** Returns the content, at most {@code limit} bytes. */
  byte[] bytes(int limit) {
    return read(in -> readAll(name, in, limit));
  }

  /** Returns the rest of {@code in}, at most {@code limit} bytes. */
  static byte[] readAll(String name, InputStream in, int limit) throws IOException {
    byte[] bytes = in.readNBytes(limit);
    if (in.read() != -1) {
      throw new InputException(name + " must have at most " + limit + " bytes, but has more");
    }
    return bytes;
  }

  /** Returns the lines of a text without blank ones and without blanks at their ends. */
  static List<String> lines(byte[] text) {
    return new String(text, StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  /** Returns whether bytes start like a file that is compressed with gzip. */
  static boolean isGzip(byte[] start) {
    return start.length > 1 && start[0] == 0x1f && start[1] == (byte) 0x8b;
  }

  private static InputException error(Object name, IOException e) {
    Object place = e instanceof FileSystemException f && f.getFile() != null ? f.getFile() : name;
    return new InputException(place + " cannot be read: " + reason(e, place), e);
  }

  private static String reason(IOException e, Object place) {
    if (e instanceof EOFException) {
      return "it is truncated or damaged";
    }
    return e instanceof ZipException
        ? "it is damaged (" + e.getMessage() + ")"
        : Reason.of(e, place);
  }
}
