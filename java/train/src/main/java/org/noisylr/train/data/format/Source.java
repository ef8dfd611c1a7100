package org.noisylr.train.data.format;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/**
 * Something that can be read from its start, and its name in error messages.
 *
 * @param name a path, or a path and the entry of the archive there
 * @param opener opens it
 */
record Source(String name, Action<InputStream> opener) {
  /** The longest array that every JVM can allocate. */
  static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  /** The most bytes that deflate can make of one. */
  static final int INFLATED = 1032;

  /** Work that may fail in reading. */
  interface Action<T> {
    T run() throws IOException;
  }

  /** A reader of one stream. */
  interface Parser<T> {
    T parse(InputStream in) throws IOException;
  }

  static Source of(Path file) {
    return new Source(file.toString(), () -> Files.newInputStream(regular(file)));
  }

  /** The file, unless it is a folder, a pipe or a device, which may never end. */
  static Path regular(Path file) throws FileSystemException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new FileSystemException(file.toString(), null, "it is not a regular file");
    }
    return file;
  }

  /** Runs {@code action} and turns what goes wrong in reading {@code name} into one line. */
  static <T> T reading(Object name, Action<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      throw error(name, e);
    } catch (UncheckedIOException e) {
      throw error(name, e.getCause());
    }
  }

  /** Opens, parses and closes. */
  <T> T read(Parser<T> parser) {
    return reading(
        name,
        () -> {
          try (InputStream in = opener.run()) {
            return parser.parse(in);
          }
        });
  }

  /** The same as {@link #read}, but what is compressed with gzip is decompressed. */
  <T> T readUncompressed(Parser<T> parser) {
    return read(
        raw -> {
          BufferedInputStream in = new BufferedInputStream(raw, 1 << 16);
          return parser.parse(isGzip(in) ? new GZIPInputStream(in, 1 << 16) : in);
        });
  }

  /** The whole content, which may have at most {@code limit} bytes. */
  byte[] bytes(int limit) {
    return read(in -> readAll(name, in, limit));
  }

  /** The rest of {@code in}, which may have at most {@code limit} bytes. */
  static byte[] readAll(String name, InputStream in, int limit) throws IOException {
    byte[] bytes = in.readNBytes(limit);
    if (in.read() != -1) {
      throw new InputException(name + " must have at most " + limit + " bytes, but has more");
    }
    return bytes;
  }

  private static boolean isGzip(BufferedInputStream in) throws IOException {
    in.mark(2);
    boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return gzip;
  }

  private static InputException error(Object name, IOException e) {
    if (e instanceof FileSystemException f && f.getFile() != null) {
      return new InputException(f.getFile() + " " + reason(e), e);
    }
    return new InputException(name + " " + reason(e), e);
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "does not exist";
    }
    if (e instanceof EOFException) {
      return "cannot be read: it is truncated or damaged";
    }
    if (e instanceof ZipException) {
      return "cannot be read: it is damaged (" + e.getMessage() + ")";
    }
    return "cannot be read: " + Reason.of(e, e instanceof FileSystemException f ? f.getFile() : "");
  }
}
