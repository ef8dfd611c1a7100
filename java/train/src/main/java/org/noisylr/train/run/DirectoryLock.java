package org.noisylr.train.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The sole use of a directory, among all processes that can see it: a lock on the file {@code
 * .lock} in it, which the system takes back when its holder dies.
 *
 * <p>POSIX gives up the lock of a process when it closes any descriptor of the file, so within this
 * process the held directories are remembered and their files not opened again.
 */
public final class DirectoryLock implements AutoCloseable {
  private static final String FILE = ".lock";
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws InUseException if somebody has it
   * @throws IOException if the file cannot be written
   */
  public static DirectoryLock of(Path directory) throws IOException {
    Path real = directory.toRealPath();
    if (!HELD.add(real)) {
      throw new InUseException(directory);
    }
    FileLock lock = null;
    try {
      FileChannel channel =
          FileChannel.open(real.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        lock = channel.tryLock();
      } finally {
        if (lock == null) {
          channel.close();
        }
      }
      if (lock == null) {
        throw new InUseException(directory);
      }
      return new DirectoryLock(real, channel);
    } finally {
      if (lock == null) {
        HELD.remove(real);
      }
    }
  }

  /**
   * Looks whether somebody has the lock, and leaves no file where there was none.
   *
   * @throws InUseException if somebody has it
   * @throws IOException if the file cannot be written
   */
  static void checkFree(Path directory) throws IOException {
    if (Files.exists(directory.resolve(FILE))) {
      of(directory).close();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      HELD.remove(directory);
    }
  }
}
