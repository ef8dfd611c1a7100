package org.noisylr.train.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.noisylr.check.InputException;

/**
 * Reads matrices of numbers from a MATLAB file of version 5: a header of 128 bytes, then elements,
 * each a matrix or one that is compressed. A matrix is made of elements again: flags, sizes, name
 * and values. An element is a tag of 8 bytes, its type and its length, and the content, padded to a
 * multiple of 8; up to 4 bytes may stand in the tag itself.
 *
 * <p>Only the matrices that are asked for are read. What is allocated grows with what arrives and
 * is at most 64 KiB and twice the values, whatever the file claims.
 */
final class MatFile {
  private static final int HEADER = 128;
  private static final int VERSION = 0x0100;
  private static final int MATRIX = 14;
  private static final int COMPRESSED = 15;
  private static final int INT8 = 1;
  private static final int INT32 = 5;
  private static final int UINT32 = 6;
  private static final int MAX_DIMENSIONS = 32;
  private static final int MAX_NAME = 64;

  /** The kinds of matrices by their numbers; from double on they are of numbers. */
  private static final List<String> KINDS =
      List.of(
          "matrix of no kind",
          "cell",
          "struct",
          "object",
          "char",
          "sparse",
          "double",
          "single",
          "int8",
          "uint8",
          "int16",
          "uint16",
          "int32",
          "uint32",
          "int64",
          "uint64");

  private static final int FIRST_OF_NUMBERS = 6;

  /** The bytes of a number by the type of an element; 0 where it has none. */
  private static final int[] WIDTHS = {0, 1, 1, 2, 2, 4, 4, 4, 0, 8, 0, 0, 8, 8};

  /**
   * A matrix; the first size counts fastest.
   *
   * @param kind {@code uint8} for instance
   * @param values null if it is not one of numbers
   */
  record Matrix(String kind, int[] sizes, Values values) {}

  /**
   * Numbers, which MATLAB stores in the shortest type that holds them.
   *
   * @param type of the element
   * @param bytes in the file's order
   */
  record Values(int type, ByteBuffer bytes) {
    int count() {
      return bytes.limit() / WIDTHS[type];
    }

    double get(int i) {
      int at = i * WIDTHS[type];
      return switch (type) {
        case INT8 -> bytes.get(at);
        case 2 -> bytes.get(at) & 0xff;
        case 3 -> bytes.getShort(at);
        case 4 -> Short.toUnsignedInt(bytes.getShort(at));
        case INT32 -> bytes.getInt(at);
        case UINT32 -> Integer.toUnsignedLong(bytes.getInt(at));
        case 7 -> bytes.getFloat(at);
        case 9 -> bytes.getDouble(at);
        default -> bytes.getLong(at);
      };
    }
  }

  private record Tag(int type, int length, byte[] packed) {}

  private final String file;
  private final ByteOrder order;
  private final Map<String, Integer> most;
  private final Map<String, Matrix> found = new HashMap<>();

  private MatFile(String file, ByteOrder order, Map<String, Integer> most) {
    this.file = file;
    this.order = order;
    this.most = most;
  }

  /**
   * Reads matrices; those that are not there are not in the result.
   *
   * @param most by the names of the matrices, the most bytes that their values may have
   * @throws InputException if the file is damaged or a matrix is longer
   */
  static Map<String, Matrix> read(Source source, Map<String, Integer> most) {
    return source.read(
        raw -> {
          InputStream in = new BufferedInputStream(raw, 1 << 16);
          byte[] header = in.readNBytes(HEADER);
          String mark =
              header.length < HEADER
                  ? ""
                  : new String(header, HEADER - 2, 2, StandardCharsets.ISO_8859_1);
          ByteOrder order = mark.equals("IM") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
          if (!mark.equals("IM") && !mark.equals("MI")
              || ByteBuffer.wrap(header).order(order).getShort(HEADER - 4) != VERSION) {
            throw new InputException(source.name() + " must be a MATLAB file of version 5");
          }
          MatFile mat = new MatFile(source.name(), order, most);
          for (Tag tag; (tag = mat.tag(in)) != null; ) {
            mat.element(tag, in);
          }
          return mat.found;
        });
  }

  private void element(Tag tag, InputStream in) throws IOException {
    Part part = new Part(in, tag.length);
    if (tag.type == COMPRESSED) {
      try (InputStream inflated = new InflaterInputStream(part)) {
        Tag inner = tag(inflated);
        if (inner == null || inner.type != MATRIX) {
          throw damaged("a compressed element is no matrix");
        }
        matrix(new Part(inflated, inner.length));
      }
    } else if (tag.type == MATRIX && tag.packed == null) {
      matrix(part);
    } else {
      throw damaged("it has an element of type " + tag.type);
    }
    part.skipNBytes(part.left);
  }

  private void matrix(InputStream in) throws IOException {
    ByteBuffer flags = content(in, UINT32, 8);
    int kind = flags.limit() < 8 ? 0 : flags.getInt(0) & 0xff;
    if (kind < 1 || kind >= KINDS.size()) {
      return;
    }
    ByteBuffer dimensions = content(in, INT32, 4 * MAX_DIMENSIONS);
    int[] sizes = new int[dimensions.limit() / 4];
    dimensions.asIntBuffer().get(sizes);
    String name = StandardCharsets.ISO_8859_1.decode(content(in, INT8, MAX_NAME)).toString();
    if (!most.containsKey(name)) {
      return;
    }
    Values values = kind < FIRST_OF_NUMBERS ? null : values(in, name, sizes);
    found.put(name, new Matrix(KINDS.get(kind), sizes, values));
  }

  private Values values(InputStream in, String name, int[] sizes) throws IOException {
    Tag tag = tag(in);
    if (tag == null || tag.type < 0 || tag.type >= WIDTHS.length || WIDTHS[tag.type] == 0) {
      throw damaged(name + " has no numbers");
    }
    int limit = most.get(name);
    if (tag.length > limit) {
      throw new InputException(
          "%s: %s must have at most %d bytes, but has %d".formatted(file, name, limit, tag.length));
    }
    Values values = new Values(tag.type, content(tag, in));
    long count = 1;
    for (int size : sizes) {
      count = size < 0 || count > limit ? -1 : count * size;
    }
    if (count != values.count()) {
      throw damaged(
          "%s has the sizes %s, but %d numbers"
              .formatted(name, Arrays.toString(sizes), values.count()));
    }
    return values;
  }

  /** The next tag, null at the end. */
  private Tag tag(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(8);
    if (bytes.length == 0) {
      return null;
    }
    if (bytes.length < 8) {
      throw new EOFException();
    }
    ByteBuffer tag = ByteBuffer.wrap(bytes).order(order);
    int first = tag.getInt(0);
    int length = first >>> 16 == 0 ? tag.getInt(4) : first >>> 16;
    boolean packed = first >>> 16 != 0;
    if (length < 0 || packed && length > 4) {
      throw damaged("it has an element of " + Integer.toUnsignedLong(length) + " bytes");
    }
    return new Tag(
        first & 0xffff, length, packed ? Arrays.copyOfRange(bytes, 4, 4 + length) : null);
  }

  private ByteBuffer content(InputStream in, int type, int limit) throws IOException {
    Tag tag = tag(in);
    if (tag == null || tag.type != type || tag.length > limit) {
      throw damaged("a matrix has no sound flags, sizes and name");
    }
    return content(tag, in);
  }

  private ByteBuffer content(Tag tag, InputStream in) throws IOException {
    byte[] bytes = tag.packed;
    if (bytes == null) {
      bytes = in.readNBytes(tag.length);
      if (bytes.length < tag.length) {
        throw new EOFException();
      }
      in.skipNBytes(-tag.length & 7);
    }
    return ByteBuffer.wrap(bytes).order(order);
  }

  private InputException damaged(String what) {
    return new InputException(file + " cannot be read as a MATLAB file of version 5: " + what);
  }

  /** The next bytes of a stream, so many of them. */
  private static final class Part extends InputStream {
    private final InputStream in;
    private long left;

    Part(InputStream in, long length) {
      this.in = in;
      left = length;
    }

    @Override
    public int read() throws IOException {
      int read = left > 0 ? in.read() : -1;
      left -= read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] to, int start, int length) throws IOException {
      int most = (int) Math.min(left, length);
      int read = most > 0 || length == 0 ? in.read(to, start, most) : -1;
      left -= Math.max(0, read);
      return read;
    }

    @Override
    public long skip(long bytes) throws IOException {
      long skipped = in.skip(Math.min(left, bytes));
      left -= skipped;
      return skipped;
    }
  }
}
