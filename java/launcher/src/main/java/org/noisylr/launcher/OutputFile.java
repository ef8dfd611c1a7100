package org.noisylr.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;

/** The file or standard output that an option names for output. */
final class OutputFile {
  private static final Set<Path> STANDARD_OUTPUT = Set.of(Path.of("-"), Path.of("/dev/stdout"));

  private OutputFile() {}

  /**
   * Writes to a file. A new or regular file is replaced as a whole; links, pipes and devices are
   * written to directly. An error of standard output ends the writing, see {@link
   * #standardOutputFailed}.
   *
   * @param content written part by part, so that a lazy list need not fit into memory
   * @throws InputException if the file cannot be written
   */
  static void write(String option, Path file, List<ByteBuffer> content) {
    try {
      if (STANDARD_OUTPUT.contains(file)) {
        writeStandardOutput(content);
      } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        AtomicFile.write(file, content);
      } else {
        try (OutputStream out = Files.newOutputStream(file)) {
          write(out, content);
        }
      }
    } catch (IOException e) {
      throw new InputException(
          "cannot write %s %s: %s".formatted(option, file, Reason.ofWriting(e, file)), e);
    }
  }

  private static void write(OutputStream out, List<ByteBuffer> content) throws IOException {
    WritableByteChannel channel = Channels.newChannel(out);
    for (ByteBuffer part : content) {
      channel.write(part);
    }
  }

  private static void writeStandardOutput(List<ByteBuffer> content) throws IOException {
    WritableByteChannel channel = Channels.newChannel(System.out);
    for (ByteBuffer part : content) {
      channel.write(part);
      if (System.out.checkError()) {
        return;
      }
    }
  }

  /**
   * Returns whether standard output has lost text. A pipe whose reader ends early, such as {@code
   * head}, is no failure.
   */
  static boolean standardOutputFailed() {
    return System.out.checkError() && !standardOutputIsPipe();
  }

  private static boolean standardOutputIsPipe() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
    } catch (IOException e) {
      return false;
    }
  }
}
