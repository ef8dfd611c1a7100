package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.train.TestFiles;
import org.noisylr.train.data.ImageDataset;

class IdxTest {
  private static final int IMAGES = 0x0803;
  private static final int LABELS = 0x0801;
  private static final List<String> CLASSES = List.of("zero", "one", "two");
  private static final byte[] TRAIN = random(4 * 5 * 6, 1);
  private static final byte[] TEST = random(2 * 5 * 6, 2);

  @TempDir Path folder;

  @BeforeEach
  void wholeFiles() {
    write(folder, files("", UnaryOperator.identity()));
  }

  private static Map<String, byte[]> files(String suffix, UnaryOperator<byte[]> packed) {
    return Map.of(
        "train-images-idx3-ubyte" + suffix,
        packed.apply(idx(IMAGES, new int[] {4, 5, 6}, TRAIN)),
        "train-labels-idx1-ubyte" + suffix,
        packed.apply(idx(LABELS, new int[] {4}, new byte[] {2, 0, 1, 2})),
        "t10k-images-idx3-ubyte" + suffix,
        packed.apply(idx(IMAGES, new int[] {2, 5, 6}, TEST)),
        "t10k-labels-idx1-ubyte" + suffix,
        packed.apply(idx(LABELS, new int[] {2}, new byte[] {1, 0})));
  }

  private ImageDataset read() {
    return Idx.read("digits", CLASSES, folder);
  }

  private static void assertWhole(ImageDataset data) {
    assertThat(data.name()).isEqualTo("digits");
    assertThat(data.classNames()).isEqualTo(CLASSES);
    assertThat(data.train().pixels()).isEqualTo(TRAIN);
    assertThat(data.train().labels()).containsExactly(2, 0, 1, 2);
    assertThat(data.test().pixels()).isEqualTo(TEST);
    assertThat(data.test().labels()).containsExactly(1, 0);
    assertThat(List.of(data.train().channels(), data.train().height(), data.train().width()))
        .containsExactly(1, 5, 6);
  }

  @Test
  void readsPlainFiles() {
    assertWhole(read());
  }

  @Test
  void readsCompressedFiles(@TempDir Path other) {
    assertWhole(Idx.read("digits", CLASSES, write(other, files(".gz", TestFiles::gzip))));
  }

  @Test
  void readsFileNamesWithADot(@TempDir Path other) {
    files("", UnaryOperator.identity())
        .forEach((name, content) -> write(other.resolve(name.replace("-idx", ".idx")), content));
    assertWhole(Idx.read("digits", CLASSES, other));
  }

  @Test
  void recognisesCompressionByContent(@TempDir Path other) {
    assertWhole(Idx.read("digits", CLASSES, write(other, files("", TestFiles::gzip))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte"
      })
  void rejectsAMissingFile(String name) throws Exception {
    Files.delete(folder.resolve(name));
    assertRejected(
        this::read, "%s must have the IDX file %s or %s.gz".formatted(folder, name, name));
  }

  @ParameterizedTest
  @CsvSource({"0", "3", "15"})
  void rejectsATruncatedHeader(int length) {
    Path file = truncate("train-images-idx3-ubyte", length);
    assertRejected(
        this::read,
        file + " must start with an IDX header of 16 bytes, but has only " + length + " bytes");
  }

  @ParameterizedTest
  @CsvSource({"16", "17", "100", "135"})
  void rejectsTruncatedImages(int length) {
    Path file = truncate("train-images-idx3-ubyte", length);
    assertRejected(
        this::read,
        file
            + " is truncated: it declares 4 images (120 bytes), but has %d bytes"
                .formatted(length - 16));
  }

  @Test
  void rejectsTruncatedLabels() {
    Path file = truncate("t10k-labels-idx1-ubyte", 9);
    assertRejected(
        this::read, file + " is truncated: it declares 2 labels (2 bytes), but has 1 bytes");
  }

  private void assertFileRejected(String name, byte[] content, String message) {
    Path file = write(folder.resolve(name), content);
    assertRejected(this::read, file + message);
  }

  @Test
  void rejectsAFileThatIsTooLong() {
    assertFileRejected(
        "t10k-images-idx3-ubyte",
        concat(idx(IMAGES, new int[] {2, 5, 6}, TEST), new byte[1]),
        " is too long: it declares 2 images (60 bytes), but has more");
  }

  @Test
  void rejectsAWrongMark() {
    assertFileRejected(
        "train-images-idx3-ubyte",
        idx(LABELS, new int[] {4, 5, 6}, TRAIN),
        " must start with 0x00000803, the mark of IDX images, but starts with 0x00000801");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 5 | 6 | declared size of dimension 0 must be in [1, 2147483639], but is 0",
        "-1 | 5 | 6 | declared size of dimension 0 must be in [1, 2147483639], but is 4294967295",
        "4 | 0 | 6 | declared size of dimension 1 must be in [1, 4096], but is 0",
        "4 | 5 | 4097 | declared size of dimension 2 must be in [1, 4096], but is 4097",
        "1000000 | 4096 | 4096 | declared number of bytes must be in [1, 2147483639], but is 16777216000000"
      })
  void rejectsAnImpossibleSize(int count, int height, int width, String message) {
    Path file =
        write(
            folder.resolve("train-images-idx3-ubyte"),
            idx(IMAGES, new int[] {count, height, width}, TRAIN));
    assertRejected(this::read, file + ": " + message);
  }

  @Test
  void rejectsImagesInThePlaceOfLabels() {
    assertFileRejected(
        "train-labels-idx1-ubyte",
        idx(IMAGES, new int[] {4, 5, 6}, TRAIN),
        " must start with 0x00000801, the mark of IDX labels, but starts with 0x00000803");
  }

  @Test
  void rejectsALabelWithoutAClass() {
    assertFileRejected(
        "train-labels-idx1-ubyte",
        idx(LABELS, new int[] {4}, new byte[] {0, 1, (byte) 200, 0}),
        ": label number 2 must be in [0, 2], but is 200");
  }

  /** The declared 2 GB and a copy would exceed the heap of the tests. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFalseHeaderAllocatesNothing(boolean compressed) {
    byte[] declaring2Gb = idx(IMAGES, new int[] {127, 4096, 4096}, TRAIN);
    Path file = folder.resolve("train-images-idx3-ubyte");
    write(file, compressed ? gzip(declaring2Gb) : declaring2Gb);
    long before = allocated();
    assertRejected(
        this::read,
        file + " is truncated: it declares 127 images (2130706432 bytes), but has 120 bytes");
    assertThat(allocated() - before).isLessThan(10_000_000);
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  @Test
  void rejectsLabelsThatDoNotMatchTheImages() {
    Path file =
        write(
            folder.resolve("train-labels-idx1-ubyte"),
            idx(LABELS, new int[] {3}, new byte[] {0, 1, 2}));
    assertRejected(
        this::read,
        "%s must have 4 labels, one for each image in %s, but has 3"
            .formatted(file, folder.resolve("train-images-idx3-ubyte")));
  }

  @Test
  void rejectsTestImagesOfAnotherSize() {
    write(folder.resolve("t10k-images-idx3-ubyte"), idx(IMAGES, new int[] {2, 6, 5}, TEST));
    assertRejected(
        this::read,
        "digits: test images must be 1 x 5 x 6 (channels x height x width) like the training images,"
            + " but are 1 x 6 x 5");
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 10, 40, 70})
  void rejectsATruncatedCompressedFile(int dropped) {
    byte[] packed = gzip(idx(IMAGES, new int[] {4, 5, 6}, TRAIN));
    Path file = folder.resolve("train-images-idx3-ubyte");
    write(file, Arrays.copyOf(packed, packed.length - dropped));
    assertRejected(this::read, file + " cannot be read: it is truncated or damaged");
  }

  @Test
  void rejectsACompressedFileWithAWrongChecksum() {
    byte[] packed = gzip(idx(IMAGES, new int[] {4, 5, 6}, TRAIN));
    Path file = folder.resolve("train-images-idx3-ubyte");
    write(file, TestFiles.flip(packed, packed.length - 6));
    assertRejected(this::read, file + " cannot be read: it is damaged (Corrupt GZIP trailer)");
  }

  @Test
  void rejectsAFolderInThePlaceOfAFile() throws Exception {
    Path file = folder.resolve("train-images-idx3-ubyte");
    Files.delete(file);
    Files.createDirectory(file);
    assertRejected(this::read, file + " cannot be read: it is not a regular file");
  }

  private Path truncate(String name, int length) {
    try {
      Path file = folder.resolve(name);
      return Files.write(file, Arrays.copyOf(Files.readAllBytes(file), length));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
