package org.noisylr.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.noisylr.check.InputException;

/**
 * Checks the reading of an untrusted file: it succeeds, or throws an {@link InputException} of one
 * line that names the file. Either way it allocates little and changes no file.
 */
public final class Untrusted {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Untrusted() {}

  /** Reads a file. */
  public interface Reading {
    void run() throws IOException;
  }

  /**
   * Reads files in a folder. Exceptions other than {@link InputException} pass through.
   *
   * @param folder holds the files; its parent folder is otherwise empty
   * @param named what an error must name
   * @param maxAllocation the most bytes that this thread may allocate, live or not
   * @return whether the reading succeeded
   */
  public static boolean read(Path folder, String named, long maxAllocation, Reading reading)
      throws IOException {
    Map<Path, String> before = contents(folder.getParent());
    long start = THREADS.getCurrentThreadAllocatedBytes();
    boolean accepted = accepts(named, reading);
    if (THREADS.getCurrentThreadAllocatedBytes() - start > maxAllocation) {
      // The first time also loads classes.
      start = THREADS.getCurrentThreadAllocatedBytes();
      accepts(named, reading);
      assertThat(THREADS.getCurrentThreadAllocatedBytes() - start)
          .as("allocated bytes")
          .isLessThanOrEqualTo(maxAllocation);
    }
    assertThat(contents(folder.getParent())).isEqualTo(before);
    return accepted;
  }

  private static boolean accepts(String named, Reading reading) throws IOException {
    try {
      reading.run();
      return true;
    } catch (InputException e) {
      assertThat(e.getMessage())
          .contains(named)
          .doesNotContain("because \"")
          .doesNotEndWith(": null")
          .matches("\\P{Cntrl}+");
      return false;
    }
  }

  private static Map<Path, String> contents(Path root) throws IOException {
    Map<Path, String> contents = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
        contents.put(path, file.size() + " bytes of " + file.lastModifiedTime());
      }
    }
    return contents;
  }
}
