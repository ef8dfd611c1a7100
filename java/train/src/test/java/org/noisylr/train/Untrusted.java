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

/** What may come of a file that anyone wrote: what it holds, or one line that names it. */
public final class Untrusted {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static boolean accepted;

  private Untrusted() {}

  /** Reads a file. */
  public interface Reading {
    void run() throws IOException;
  }

  /**
   * Reads what lies in a folder. Any exception but an {@link InputException} of one line passes
   * through; so that it is a failure, nothing may have changed in the folder or around it.
   *
   * @param folder that holds what is read and lies in an otherwise empty folder
   * @param named what the line must name
   * @param allocation the most bytes that this thread may allocate, live or not
   */
  public static void read(Path folder, String named, long allocation, Reading reading)
      throws IOException {
    Map<Path, String> before = contents(folder.getParent());
    long allocated = allocated(named, reading);
    if (allocated > allocation) {
      // The first time, classes are loaded as well.
      allocated = allocated(named, reading);
    }
    assertThat(allocated).as("allocated bytes").isLessThanOrEqualTo(allocation);
    assertThat(contents(folder.getParent())).isEqualTo(before);
  }

  /** Whether the last {@link #read} that a test makes is of something valid. */
  public static boolean accepts(Reading test) throws IOException {
    accepted = false;
    test.run();
    return accepted;
  }

  private static long allocated(String named, Reading reading) throws IOException {
    long start = THREADS.getCurrentThreadAllocatedBytes();
    try {
      accepted = false;
      reading.run();
      accepted = true;
    } catch (InputException e) {
      assertThat(e.getMessage())
          .contains(named)
          .doesNotContain("because \"")
          .doesNotEndWith(": null")
          .matches("\\P{Cntrl}+");
    }
    return THREADS.getCurrentThreadAllocatedBytes() - start;
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
