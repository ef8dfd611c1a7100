package org.noisylr.train.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Replaces a file as a whole. A reader finds the old or the new content, never a part of it, even
 * after a crash.
 */
public final class AtomicFile {
  /** The suffix of a file that is still being written. */
  public static final String UNFINISHED = ".tmp";

  private AtomicFile() {}

  /** Writes {@code text} in UTF-8. */
  public static void write(Path file, String text) throws IOException {
    write(file, List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /** Writes the remaining bytes of {@code parts} in order. */
  public static void write(Path file, List<ByteBuffer> parts) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + UNFINISHED);
    try {
      writeAndSync(temporary, parts);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
    // The rename is on disk when its directory is.
    try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
      directory.force(true);
    }
  }

  private static void writeAndSync(Path file, List<ByteBuffer> parts) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      for (ByteBuffer part : parts) {
        while (part.hasRemaining()) {
          channel.write(part);
        }
      }
      channel.force(true);
    }
  }
}
