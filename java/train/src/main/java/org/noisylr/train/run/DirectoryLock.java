package org.noisylr.train.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The exclusive use of a directory among all processes: a lock on its file {@code .lock}. The
 * operating system releases the lock when its holder dies.
 *
 * <p>POSIX releases the lock of a process when it closes any descriptor of the file. So this
 * process remembers its locked directories and does not open their files again.
 */
public final class DirectoryLock implements AutoCloseable {
  private static final String FILE = ".lock";
  private static final long POLL_NANOS = 10_000_000;
  private static final Set<Path> LOCKED = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Locks a directory.
   *
   * @throws InUseException if it is already locked
   * @throws IOException if the file cannot be written
   */
  public static DirectoryLock of(Path directory) throws IOException {
    Path real = directory.toRealPath();
    if (!LOCKED.add(real)) {
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
        LOCKED.remove(real);
      }
    }
  }

  /** Locks a directory as soon as it is free. */
  public static DirectoryLock await(Path directory) throws IOException {
    while (true) {
      try {
        return of(directory);
      } catch (InUseException e) {
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  /**
   * Checks that a directory is not locked, and creates no file.
   *
   * @throws InUseException if it is locked
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
      LOCKED.remove(directory);
    }
  }
}
