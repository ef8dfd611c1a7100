package org.noisylr.train.data.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.Labels;

/**
 * Reads the IDX files of MNIST and similar datasets: {@code train-images-idx3-ubyte}, {@code
 * train-labels-idx1-ubyte}, {@code t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte}, each
 * plain or compressed ({@code .gz}), also spelled with a dot ({@code train-images.idx3-ubyte}).
 *
 * <p>An IDX file has, in big-endian order, the number {@code 0x0800 + d}, d sizes of 32 bits, and
 * the samples as unsigned bytes; d is 3 for images and 1 for labels.
 *
 * <p>A file may have 2³¹ − 9 bytes of samples, unpacked. Reading allocates at most three times the
 * bytes read, whatever the header claims.
 */
public final class Idx {
  private static final String TRAIN = "train";
  private static final String TEST = "t10k";
  private static final int MAX_SIDE = 4096;

  private Idx() {}

  /**
   * Reads a folder.
   *
   * @param name the name of the dataset
   * @param classNames its classes
   * @throws InputException if a file is missing, cannot be read, is not IDX, is shorter or longer
   *     than its header declares, or holds a label without a class
   */
  public static ImageDataset read(String name, List<String> classNames, Path folder) {
    return new ImageDataset(
        name,
        classNames,
        set(folder, TRAIN, classNames.size()),
        set(folder, TEST, classNames.size()));
  }

  /** Returns whether bytes start like an IDX file. */
  static boolean isStart(byte[] start) {
    return start.length == 4
        && start[0] == 0
        && start[1] == 0
        && start[2] == 8
        && (start[3] == 1 || start[3] == 3);
  }

  static boolean isIn(Path folder) {
    return Stream.of(TRAIN, TEST)
        .flatMap(split -> Stream.of(imagesOf(split), labelsOf(split)))
        .anyMatch(stem -> find(folder, stem).isPresent());
  }

  private static ImageSet set(Path folder, String split, int classes) {
    return set(
        Source.of(require(folder, imagesOf(split))),
        Source.of(require(folder, labelsOf(split))),
        classes);
  }

  static ImageSet set(Source images, Source labels, int classes) {
    Content pixels = images.readUncompressed(in -> content(images.name(), in, 3, "images"));
    Content values = labels.readUncompressed(in -> content(labels.name(), in, 1, "labels"));
    if (values.size(0) != pixels.size(0)) {
      throw new InputException(
          "%s must have %d labels, one for each image in %s, but has %d"
              .formatted(labels.name(), pixels.size(0), images.name(), values.size(0)));
    }
    int[] indices = new int[values.size(0)];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = values.bytes[i] & 0xff;
    }
    Labels.check(labels.name(), indices, classes);
    return new ImageSet(pixels.bytes, indices, 1, pixels.size(1), pixels.size(2));
  }

  static String imagesOf(String split) {
    return split + "-images-idx3-ubyte";
  }

  static String labelsOf(String split) {
    return split + "-labels-idx1-ubyte";
  }

  private static Path require(Path folder, String stem) {
    return find(folder, stem)
        .orElseThrow(
            () ->
                new InputException(
                    "%s must have the IDX file %s or %s.gz".formatted(folder, stem, stem)));
  }

  private static Optional<Path> find(Path folder, String stem) {
    String dotted = stem.replace("-idx", ".idx");
    return Stream.of(stem, stem + ".gz", dotted, dotted + ".gz")
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst();
  }

  private record Content(int[] sizes, byte[] bytes) {
    int size(int dimension) {
      return sizes[dimension];
    }
  }

  private static Content content(String name, InputStream stream, int dimensions, String what)
      throws IOException {
    byte[] header = stream.readNBytes(4 + 4 * dimensions);
    if (header.length < 4 + 4 * dimensions) {
      throw new InputException(
          "%s must start with an IDX header of %d bytes, but has only %d bytes"
              .formatted(name, 4 + 4 * dimensions, header.length));
    }
    ByteBuffer numbers = ByteBuffer.wrap(header);
    int magic = numbers.getInt();
    if (magic != 0x0800 + dimensions) {
      throw new InputException(
          "%s must start with 0x%08x, the mark of IDX %s, but starts with 0x%08x"
              .formatted(name, 0x0800 + dimensions, what, magic));
    }
    int[] sizes = new int[dimensions];
    long declared = 1;
    for (int d = 0; d < dimensions; d++) {
      long size = Integer.toUnsignedLong(numbers.getInt());
      int most = d == 0 ? Source.MAX_BYTES : MAX_SIDE;
      Check.within(name + ": declared size of dimension " + d, size, 1, most);
      sizes[d] = (int) size;
      declared *= size;
    }
    if (declared > Source.MAX_BYTES) {
      throw Check.invalid(
          name + ": declared number of bytes", declared, "in [1, " + Source.MAX_BYTES + "]");
    }
    // Grows with the bytes read, so a false header allocates nothing.
    byte[] bytes = stream.readNBytes((int) declared);
    if (bytes.length < declared) {
      throw new InputException(
          "%s is truncated: it declares %d %s (%d bytes), but has %d bytes"
              .formatted(name, sizes[0], what, declared, bytes.length));
    }
    if (stream.read() != -1) {
      throw new InputException(
          "%s is too long: it declares %d %s (%d bytes), but has more"
              .formatted(name, sizes[0], what, declared));
    }
    return new Content(sizes, bytes);
  }
}
