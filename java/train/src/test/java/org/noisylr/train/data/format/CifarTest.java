package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tarGz;
import static org.noisylr.train.TestFiles.write;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.train.TestFiles;
import org.noisylr.train.data.ImageDataset;

class CifarTest {
  private static final int PIXELS = 3 * 32 * 32;

  @TempDir Path temp;

  private static byte[] text(int classes) {
    return (IntStream.range(0, classes).mapToObj(i -> "class" + i).collect(Collectors.joining("\n"))
            + "\n\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] pixels(int image) {
    return random(PIXELS, image);
  }

  /** Training images 0 … 5 in five batches, two in the first batch; test image 6. */
  private static Map<String, byte[]> cifar10() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("batches.meta.txt", text(10));
    files.put("data_batch_1.bin", concat(new byte[] {9}, pixels(0), new byte[] {8}, pixels(1)));
    for (int batch = 2; batch <= 5; batch++) {
      files.put("data_batch_" + batch + ".bin", concat(new byte[] {(byte) batch}, pixels(batch)));
    }
    files.put("test_batch.bin", concat(new byte[] {7}, pixels(6)));
    files.put("readme.html", new byte[] {'x'});
    return files;
  }

  /** Training images 0 and 1, test image 2; coarse labels 1, 2, 3. */
  private static Map<String, byte[]> cifar100() {
    return new TreeMap<>(
        Map.of(
            "train.bin",
            concat(new byte[] {1, 99}, pixels(0), new byte[] {2, 0}, pixels(1)),
            "test.bin",
            concat(new byte[] {3, 42}, pixels(2)),
            "fine_label_names.txt",
            text(100),
            "coarse_label_names.txt",
            text(20)));
  }

  private static Map<String, byte[]> files(Cifar cifar) {
    return cifar == Cifar.CIFAR10 ? cifar10() : cifar100();
  }

  private static void assertWhole(Cifar cifar, ImageDataset data) {
    int train = cifar == Cifar.CIFAR10 ? 6 : 2;
    assertThat(data.train().pixels())
        .isEqualTo(
            concat(IntStream.range(0, train).mapToObj(CifarTest::pixels).toArray(byte[][]::new)));
    assertThat(data.test().pixels()).isEqualTo(pixels(train));
    assertThat(List.of(data.train().channels(), data.train().height(), data.train().width()))
        .containsExactly(3, 32, 32);
    if (cifar == Cifar.CIFAR10) {
      assertThat(data.name()).isEqualTo("cifar10");
      assertThat(data.classNames()).hasSize(10).startsWith("class0", "class1");
      assertThat(data.train().labels()).containsExactly(9, 8, 2, 3, 4, 5);
      assertThat(data.test().labels()).containsExactly(7);
    } else {
      assertThat(data.name()).isEqualTo("cifar100");
      assertThat(data.classNames()).hasSize(100).endsWith("class98", "class99");
      assertThat(data.train().labels()).containsExactly(99, 0);
      assertThat(data.test().labels()).containsExactly(42);
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsAFolder(Cifar cifar) {
    write(temp, files(cifar));
    assertThat(cifar.isIn(temp)).isTrue();
    assertWhole(cifar, cifar.read(temp));
  }

  @ParameterizedTest
  @EnumSource
  void readsAnArchive(Cifar cifar) {
    Map<String, byte[]> entries = new TreeMap<>();
    files(cifar).forEach((name, content) -> entries.put("cifar-binary/" + name, content));
    Path archive = write(temp.resolve("c.tar.gz"), tarGz(entries));
    assertWhole(cifar, cifar.read(archive));
  }

  @Test
  void pathsThatLeaveTheArchiveAreHarmless() throws Exception {
    Map<String, byte[]> entries = new TreeMap<>();
    cifar10().forEach((name, content) -> entries.put("/../../" + name, content));
    Path archive = write(temp.resolve("in/c.tar.gz"), tarGz(entries));
    assertWhole(Cifar.CIFAR10, Cifar.CIFAR10.read(archive));
    try (var left = Files.walk(temp)) {
      assertThat(left.filter(Files::isRegularFile)).containsExactly(archive);
    }
  }

  @ParameterizedTest
  @EnumSource
  void rejectsAMissingFile(Cifar cifar) {
    for (String missing : cifar.files().toList()) {
      Map<String, byte[]> files = files(cifar);
      files.remove(missing);
      Path folder = write(temp.resolve(missing), files);
      Path archive = write(temp.resolve(missing + ".tar.gz"), tarGz(files));
      for (Path place : List.of(folder, archive)) {
        assertRejected(
            () -> cifar.read(place),
            "%s must have the file %s of %s".formatted(place, missing, cifar.datasetName()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3072, 3074, 6145})
  void rejectsABatchWithAnIncompleteRecord(int length) {
    Map<String, byte[]> files = cifar10();
    files.put("data_batch_1.bin", Arrays.copyOf(files.get("data_batch_1.bin"), length));
    Path folder = write(temp.resolve("folder"), files);
    Path archive = write(temp.resolve("c.tar.gz"), tarGz(files));
    String message =
        " must have a multiple of 3073 bytes (records of cifar10), but has " + length + " bytes";
    assertRejected(() -> Cifar.CIFAR10.read(folder), folder.resolve("data_batch_1.bin") + message);
    assertRejected(() -> Cifar.CIFAR10.read(archive), archive + "!data_batch_1.bin" + message);
  }

  @Test
  void rejectsACifar100FileWithAnIncompleteRecord() {
    Map<String, byte[]> files = cifar100();
    files.put("test.bin", new byte[3073]);
    write(temp, files);
    assertRejected(
        () -> Cifar.CIFAR100.read(temp),
        temp.resolve("test.bin")
            + " must have a multiple of 3074 bytes (records of cifar100), but has 3073 bytes");
  }

  /** Reads CIFAR-10 with another file in the place of one of its files. */
  private void assertCifar10Rejected(String file, byte[] content, String message) {
    Map<String, byte[]> files = cifar10();
    files.put(file, content);
    write(temp, files);
    assertRejected(() -> Cifar.CIFAR10.read(temp), temp.resolve(file) + message);
  }

  @Test
  void rejectsALabelWithoutAClass() {
    assertCifar10Rejected(
        "data_batch_1.bin",
        concat(new byte[] {0}, pixels(0), new byte[] {10}, pixels(1)),
        ": label number 1 must be in [0, 9], but is 10");
  }

  @Test
  void rejectsAWrongNumberOfClassNames() {
    assertCifar10Rejected(
        "batches.meta.txt", text(9), " must name 10 classes, one per line, but names 9");
  }

  @Test
  void rejectsAFileThatIsTooLong() {
    assertCifar10Rejected(
        "batches.meta.txt", new byte[65537], " must have at most 65536 bytes, but has more");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 100, 5000, 10000})
  void rejectsATruncatedArchive(int dropped) {
    byte[] whole = tarGz(cifar10());
    Path archive = write(temp.resolve("c.tar.gz"), Arrays.copyOf(whole, whole.length - dropped));
    assertRejected(
        () -> Cifar.CIFAR10.read(archive), archive + " cannot be read: it is truncated or damaged");
  }

  @Test
  void rejectsAnArchiveWithAWrongChecksum() {
    byte[] whole = tarGz(cifar10());
    Path archive = write(temp.resolve("c.tar.gz"), TestFiles.flip(whole, whole.length - 6));
    assertRejected(
        () -> Cifar.CIFAR10.read(archive),
        archive + " cannot be read: it is damaged (Corrupt GZIP trailer)");
  }

  @Test
  void rejectsAFileThatIsNotATar() {
    Path archive = write(temp.resolve("c.tar.gz"), gzip(random(5000, 3)));
    assertRejected(
        () -> Cifar.CIFAR10.read(archive), archive + " cannot be read: corrupted TAR archive.");
  }

  @Test
  void rejectsAMissingArchive() {
    Path archive = temp.resolve("none.tar.gz");
    assertRejected(
        () -> Cifar.CIFAR10.read(archive), archive + " cannot be read: no such file or folder");
  }
}
