package org.noisylr.train.data.format;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.format.Mat5File;
import us.hebi.matlab.mat.format.Mat5Reader;
import us.hebi.matlab.mat.types.Array;
import us.hebi.matlab.mat.types.MatFile;
import us.hebi.matlab.mat.types.MatlabType;
import us.hebi.matlab.mat.types.Matrix;

/**
 * Reads the cropped digits of SVHN (Netzer et al. 2011), {@code train_32x32.mat} and {@code
 * test_32x32.mat}: MATLAB files of version 5 with {@code X}, {@code uint8 [32, 32, 3, N]}, and
 * {@code y}, {@code [N, 1]}, in which the digit 0 has the label 10. A file may have 100,000 images;
 * {@link BoundedMat} bounds the memory.
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
   * @throws InputException if a file is missing, cannot be read or has other content
   */
  static ImageDataset read(Path folder, List<String> classNames) {
    return new ImageDataset(
        NAME, classNames, set(folder.resolve(TRAIN)), set(folder.resolve(TEST)));
  }

  private static ImageSet set(Path file) {
    try (Mat5File mat = open(file)) {
      Matrix images = matrix(file, mat, "X");
      int[] sizes = images.getDimensions();
      if (sizes.length != 4
          || !Arrays.equals(Arrays.copyOf(sizes, 3), new int[] {SIDE, SIDE, CHANNELS})) {
        throw new InputException(
            "%s: X must have the size [32, 32, 3, N], but has %s"
                .formatted(file, Arrays.toString(sizes)));
      }
      if (images.getType() != MatlabType.UInt8) {
        throw new InputException(file + ": X must be uint8, but is " + images.getType());
      }
      int count = (int) Check.within(file + ": number of images", (long) sizes[3], 1, MAX_IMAGES);
      Matrix labels = matrix(file, mat, "y");
      if (labels.getNumElements() != count) {
        throw new InputException(
            "%s: y must have %d labels, but has %d"
                .formatted(file, count, labels.getNumElements()));
      }
      return new ImageSet(pixels(images, count), labels(file, labels), CHANNELS, SIDE, SIDE);
    } catch (InputException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The library throws exceptions of many kinds for damaged files.
      throw damaged(file, e);
    }
  }

  /** Reads only X and y. */
  private static Mat5File open(Path file) throws IOException {
    return Source.of(file)
        .read(
            in -> {
              BoundedMat source =
                  new BoundedMat(file.toString(), new BufferedInputStream(in), Files.size(file));
              try {
                return Mat5.newReader(source).setEntryFilter(Svhn::isWanted).readMat();
              } catch (IOException e) {
                // The library wraps all exceptions once.
                if (e.getCause() instanceof InputException cause) {
                  throw cause;
                }
                if (e.getCause() instanceof RuntimeException cause) {
                  throw damaged(file, cause);
                }
                throw e.getCause() instanceof EOFException end ? end : e;
              }
            });
  }

  private static boolean isWanted(Mat5Reader.EntryHeader header) {
    return List.of("X", "y").contains(header.getName());
  }

  private static InputException damaged(Path file, Exception e) {
    return new InputException(
        "%s cannot be read as a MATLAB file of version 5: %s".formatted(file, Reason.firstLine(e)),
        e);
  }

  private static Matrix matrix(Path file, Mat5File mat, String name) {
    Array found = null;
    for (MatFile.Entry entry : mat.getEntries()) {
      found = entry.getName().equals(name) ? entry.getValue() : found;
    }
    if (found instanceof Matrix matrix) {
      return matrix;
    }
    throw new InputException(
        "%s: %s must be a matrix of numbers, but %s"
            .formatted(file, name, found == null ? "is missing" : "is a " + found.getType()));
  }

  /** In MATLAB, rows vary fastest, then columns, channels, images. */
  private static byte[] pixels(Matrix images, int count) {
    byte[] pixels = new byte[count * CHANNELS * SIDE * SIDE];
    int i = 0;
    for (int image = 0; image < count; image++) {
      for (int channel = 0; channel < CHANNELS; channel++) {
        for (int row = 0; row < SIDE; row++) {
          for (int column = 0; column < SIDE; column++) {
            pixels[i++] =
                images.getByte(row + SIDE * (column + SIDE * (channel + CHANNELS * image)));
          }
        }
      }
    }
    return pixels;
  }

  private static int[] labels(Path file, Matrix labels) {
    int[] values = new int[labels.getNumElements()];
    for (int i = 0; i < values.length; i++) {
      double label = labels.getDouble(i);
      String field = file + ": label number " + i;
      if (label != Math.rint(label)) {
        throw Check.invalid(field, label, "an integer in [1, " + DIGITS + "]");
      }
      Check.within(field, (long) label, 1, DIGITS);
      values[i] = (int) label % DIGITS;
    }
    return values;
  }
}
