package org.noisylr.experiment.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.run.DirectoryLock;

/** Folders that commands write to, several processes at a time. */
public final class OutputFolder {
  private OutputFolder() {}

  /** Work on the files of a folder. */
  public interface Work {
    /** Does the work. */
    void run() throws IOException;
  }

  /**
   * Creates a folder unless it exists.
   *
   * @throws InputException if it cannot be created or written to
   */
  public static void create(Path folder) {
    if (folder.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    try {
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw new AccessDeniedException(folder.toString());
      }
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  /**
   * Creates a folder unless it exists, waits until no other process works on it, then does the
   * work.
   *
   * @throws InputException if the folder cannot be written to
   */
  public static void lock(Path folder, Work work) {
    create(folder);
    try (DirectoryLock lock = DirectoryLock.await(folder)) {
      work.run();
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }
}
