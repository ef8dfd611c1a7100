package org.noisylr.train.data;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Reads the cropped digits of SVHN (Netzer et al. 2011), {@code train_32x32.mat} and {@code
 * test_32x32.mat}: MATLAB files of version 5 with {@code X}, {@code uint8 [32, 32, 3, N]}, and
 * {@code y}, {@code [N, 1]}, where the digit 0 has the label 10. There may be 100,000 images in a
 * file; three times that much memory is allocated at most, see {@link MatFile}.
 */
final class Svhn {
  static final String NAME = "svhn";

  private static final String TRAIN = "train_32x32.mat";
  private static final String TEST = "test_32x32.mat";

  /** Both files. */
  static final List<String> FILES = List.of(TRAIN, TEST);

  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int MAX_IMAGES = 100_000;
  private static final int DIGITS = 10;

  private Svhn() {}

  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(TRAIN)) || Files.exists(folder.resolve(TEST));
  }

  /**
   * Reads a folder that holds both files.
   *
   * @throws InputException if a file is missing, cannot be read or holds something else
   */
  static ImageDataset read(Path folder, List<String> classNames) {
    return new ImageDataset(
        NAME, classNames, set(folder.resolve(TRAIN)), set(folder.resolve(TEST)));
  }

  private static ImageSet set(Path file) {
    if (!Files.exists(file)) {
      throw new InputException(file + " does not exist");
    }
    Map<String, MatFile.Matrix> matrices =
        MatFile.read(
            Source.of(file),
            Map.of("X", MAX_IMAGES * SIDE * SIDE * CHANNELS, "y", MAX_IMAGES * Double.BYTES));
    MatFile.Matrix images = numbers(file, matrices, "X");
    int[] sizes = images.sizes();
    if (sizes.length != 4
        || !Arrays.equals(Arrays.copyOf(sizes, 3), new int[] {SIDE, SIDE, CHANNELS})) {
      throw new InputException(
          "%s: X must have the sizes 32 x 32 x 3 x N, but has %s"
              .formatted(file, Arrays.toString(sizes)));
    }
    if (!images.kind().equals("uint8")) {
      throw new InputException(file + ": X must be uint8, but is " + images.kind());
    }
    int count = (int) Check.within(file + ": number of images", (long) sizes[3], 1, MAX_IMAGES);
    MatFile.Values labels = numbers(file, matrices, "y").values();
    if (labels.count() != count) {
      throw new InputException(
          "%s: y must have %d labels, but has %d".formatted(file, count, labels.count()));
    }
    return new ImageSet(
        pixels(images.values().bytes(), count), labels(file, labels), CHANNELS, SIDE, SIDE);
  }

  private static MatFile.Matrix numbers(
      Path file, Map<String, MatFile.Matrix> matrices, String name) {
    MatFile.Matrix found = matrices.get(name);
    if (found == null || found.values() == null) {
      throw new InputException(
          "%s: %s must be a matrix of numbers, but %s"
              .formatted(file, name, found == null ? "is not there" : "is a " + found.kind()));
    }
    return found;
  }

  /** MATLAB counts rows fastest, then columns, channels, images. */
  private static byte[] pixels(ByteBuffer images, int count) {
    byte[] pixels = new byte[count * CHANNELS * SIDE * SIDE];
    int i = 0;
    for (int image = 0; image < count; image++) {
      for (int channel = 0; channel < CHANNELS; channel++) {
        for (int row = 0; row < SIDE; row++) {
          for (int column = 0; column < SIDE; column++) {
            pixels[i++] = images.get(row + SIDE * (column + SIDE * (channel + CHANNELS * image)));
          }
        }
      }
    }
    return pixels;
  }

  private static int[] labels(Path file, MatFile.Values labels) {
    int[] values = new int[labels.count()];
    for (int i = 0; i < values.length; i++) {
      double label = labels.get(i);
      String field = file + ": label number " + i;
      if (label != Math.rint(label)) {
        throw Check.outside(field, label, "{1, ..., " + DIGITS + "}");
      }
      Check.within(field, (long) label, 1, DIGITS);
      values[i] = (int) label % DIGITS;
    }
    return values;
  }
}
