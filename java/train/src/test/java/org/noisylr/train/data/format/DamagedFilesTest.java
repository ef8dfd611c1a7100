package org.noisylr.train.data.format;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.train.TestFiles;

/** A damaged file gives a dataset or an error of one line, never another exception. */
class DamagedFilesTest {
  private static final int ROUNDS = 500;
  private static final int[] HEADERS = {0, 2 * 512, 10 * 512};

  @TempDir Path temp;

  @Test
  void zip() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("train/a/1.png", png(4, 4, random(48, 1)));
    files.put("train/b/1.png", png(4, 4, random(48, 2)));
    files.put("test/a/1.png", png(4, 4, random(48, 3)));
    files.put("test/b/1.png", png(4, 4, random(48, 4)));
    assertOnlyInputExceptions(temp.resolve("x.zip"), TestFiles.zip(files));
  }

  /** CIFAR-100 with one image in each file; the headers of its files are at {@link #HEADERS}. */
  private static byte[] cifar() {
    String names = IntStream.range(0, 100).mapToObj(i -> i + "\n").collect(joining());
    Map<String, byte[]> files = new TreeMap<>();
    files.put("d/fine_label_names.txt", names.getBytes(StandardCharsets.UTF_8));
    files.put("d/test.bin", new byte[3074]);
    files.put("d/train.bin", new byte[3074]);
    return TestFiles.tarGz(files);
  }

  @Test
  void tarGz() {
    assertOnlyInputExceptions(temp.resolve("x.tar.gz"), cifar());
  }

  /** Damage within the tar, which the checksum of gzip does not detect. */
  @Test
  void tarInsideGz() throws IOException {
    byte[] tar;
    try (var in = new GZIPInputStream(new ByteArrayInputStream(cifar()))) {
      tar = in.readAllBytes();
    }
    Random random = new Random(2);
    Path file = temp.resolve("x.tar.gz");
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged = tar.clone();
      int header = HEADERS[random.nextInt(HEADERS.length)];
      for (int i = 0; i < 1 + round % 4; i++) {
        damaged[header + random.nextInt(512)] = (byte) random.nextInt();
      }
      assertDatasetOrLine(write(file, TestFiles.gzip(damaged)));
    }
  }

  private void assertOnlyInputExceptions(Path file, byte[] whole) {
    assertIsDataset(write(file, whole));
    Random random = new Random(1);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged =
          Arrays.copyOf(whole, whole.length - (round % 3 == 0 ? random.nextInt(whole.length) : 0));
      for (int i = 0; i < round % 5 && damaged.length > 0; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      assertDatasetOrLine(write(file, damaged));
    }
  }

  private static void assertDatasetOrLine(Path file) {
    try {
      assertIsDataset(file);
    } catch (InputException e) {
      assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
    }
  }

  private static void assertIsDataset(Path file) {
    assertThat(Datasets.open(file.toString()).trainCount()).isPositive();
  }

  private static void assertReadingFails(IOException error, String message) {
    Source source =
        new Source(
            "a.zip",
            () -> {
              throw error;
            });
    assertRejected(() -> source.bytes(1), message);
  }

  @Test
  void aFileWithoutPermissionIsRejected() {
    assertReadingFails(
        new AccessDeniedException("a.zip"), "a.zip cannot be read: permission denied");
    assertReadingFails(
        new AccessDeniedException("folder/inner"),
        "folder/inner cannot be read: permission denied");
  }

  @Test
  void otherErrorsKeepTheirReason() {
    assertReadingFails(
        new FileSystemException("a.zip", null, "Input/output error"),
        "a.zip cannot be read: input/output error");
    assertReadingFails(new IOException("two\n lines"), "a.zip cannot be read: two lines");
    assertReadingFails(new IOException(), "a.zip cannot be read: IOException");
  }

  @Test
  void aLoopOfSymbolicLinksIsRejected() throws IOException {
    Path train = Files.createDirectories(temp.resolve("set/train"));
    Files.createSymbolicLink(train.resolve("again"), temp.resolve("set"));
    Path set = temp.resolve("set");
    assertRejected(
        () -> Datasets.open(set.toString()),
        train.resolve("again") + " cannot be read: it is a symbolic link loop");
  }
}
