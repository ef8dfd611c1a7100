package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.train.data.ImageDataset;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.format.Mat5File;
import us.hebi.matlab.mat.types.Array;
import us.hebi.matlab.mat.types.MatlabType;
import us.hebi.matlab.mat.types.Matrix;

class SvhnTest {
  private static final List<String> DIGITS =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  @TempDir Path temp;
  private Path train;

  @BeforeEach
  void write() throws IOException {
    train = temp.resolve("train_32x32.mat");
    save(train, images(3), labels(1, 10, 9));
    save(temp.resolve("test_32x32.mat"), images(2), labels(2, 3));
  }

  /** Image n, channel c, row h, column w has the value 50·n + 10·c + h − w, modulo 256. */
  static Matrix images(int count) {
    Matrix images = Mat5.newMatrix(new int[] {32, 32, 3, count}, MatlabType.UInt8);
    int i = 0;
    for (int n = 0; n < count; n++) {
      for (int c = 0; c < 3; c++) {
        for (int w = 0; w < 32; w++) {
          for (int h = 0; h < 32; h++) {
            images.setInt(i++, value(n, c, h, w));
          }
        }
      }
    }
    return images;
  }

  private static int value(int n, int c, int h, int w) {
    return (50 * n + 10 * c + h - w) & 0xff;
  }

  static Matrix labels(int... values) {
    Matrix labels = Mat5.newMatrix(new int[] {values.length, 1}, MatlabType.Double);
    for (int i = 0; i < values.length; i++) {
      labels.setDouble(i, values[i]);
    }
    return labels;
  }

  private static void save(Path file, Array images, Array labels) throws IOException {
    Files.deleteIfExists(file);
    try (Mat5File mat = Mat5.newMatFile()) {
      mat.addArray("X", images).addArray("y", labels);
      Mat5.writeToFile(mat, file.toFile());
    }
  }

  @Test
  void readsDigitsWithZeroInTheFirstClass() {
    ImageDataset dataset = Svhn.read(temp, DIGITS);
    assertThat(dataset.name()).isEqualTo("svhn");
    assertThat(dataset.classNames()).hasSize(10);
    assertThat(dataset.train().labels()).containsExactly(1, 0, 9);
    assertThat(dataset.test().labels()).containsExactly(2, 3);
    assertThat(dataset.train().channels()).isEqualTo(3);
    byte[] pixels = dataset.train().pixels();
    int i = 0;
    for (int n = 0; n < 3; n++) {
      for (int c = 0; c < 3; c++) {
        for (int h = 0; h < 32; h++) {
          for (int w = 0; w < 32; w++) {
            assertThat(pixels[i++]).isEqualTo((byte) value(n, c, h, w));
          }
        }
      }
    }
  }

  @Test
  void aFolderIsRecognised() {
    assertThat(((ImageDataset) Datasets.open(temp.toString())).name()).isEqualTo("svhn");
  }

  @Test
  void aMissingFileIsRejected() throws IOException {
    Path test = temp.resolve("test_32x32.mat");
    Files.delete(test);
    assertRejected(() -> Svhn.read(temp, DIGITS), test + " cannot be read: no such file or folder");
  }

  @Test
  void matricesOfOtherSizesAndLabelsOutsideTheDigitsAreRejected() throws IOException {
    save(train, Mat5.newMatrix(new int[] {32, 31, 3, 2}, MatlabType.UInt8), labels(1, 2));
    assertRejected(
        () -> Svhn.read(temp, DIGITS),
        train + ": X must have the size [32, 32, 3, N], but has [32, 31, 3, 2]");
    save(train, images(2), labels(1));
    assertRejected(() -> Svhn.read(temp, DIGITS), train + ": y must have 2 labels, but has 1");
    save(train, images(2), labels(1, 11));
    assertRejected(
        () -> Svhn.read(temp, DIGITS), train + ": label number 1 must be in [1, 10], but is 11");
    save(train, Mat5.newString("x"), labels(1));
    assertRejected(
        () -> Svhn.read(temp, DIGITS), train + ": X must be a matrix of numbers, but is a char");
    Files.delete(train);
    try (Mat5File mat = Mat5.newMatFile()) {
      mat.addArray("X", images(2));
      Mat5.writeToFile(mat, train.toFile());
    }
    assertRejected(
        () -> Svhn.read(temp, DIGITS), train + ": y must be a matrix of numbers, but is missing");
  }

  @Test
  void aTruncatedFileIsRejectedInOneLine() throws IOException {
    byte[] whole = Files.readAllBytes(train);
    for (int length : new int[] {0, 1, 100, 127, 128, 130, 136, 200, whole.length / 2}) {
      Files.write(train, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Svhn.read(temp, DIGITS))
          .as("%d bytes", length)
          .isExactlyInstanceOf(InputException.class)
          .hasMessageStartingWith(train.toString())
          .message()
          .hasLineCount(1);
    }
  }
}
