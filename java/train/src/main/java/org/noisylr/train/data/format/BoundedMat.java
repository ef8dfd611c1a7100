package org.noisylr.train.data.format;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.InflaterInputStream;
import org.noisylr.check.InputException;
import us.hebi.matlab.mat.types.AbstractSource;

/**
 * The bytes of a MATLAB file. The library that reads them allocates what a file claims before it
 * reads, so this class rejects an element that claims more bytes than can follow. It also rejects
 * objects, which can be nested without limit. One allocation has at most the size of the file, or
 * 1,032 times the size of a compressed element, which is the limit of the compression.
 */
final class BoundedMat extends AbstractSource {
  private static final int BUFFER = 1 << 12;
  private static final int UINT32 = 6;
  private static final int LAST_CLASS_OF_VALUES = 15;

  private final String name;
  private final InputStream in;
  private final long size;
  private long position;
  private int type;
  private boolean atLength;

  /**
   * @param name the file's name in error messages
   * @param size the greatest number of bytes in {@code in}
   */
  BoundedMat(String name, InputStream in, long size) {
    super(BUFFER);
    this.name = name;
    this.in = in;
    this.size = size;
  }

  /** Reads half of an element's tag: its type, or its length unless both are packed in one int. */
  @Override
  public int readInt() throws IOException {
    int value = super.readInt();
    if (atLength) {
      checkLength(value, size - position);
    } else {
      type = value & 0xffff;
      if (value >>> 16 != 0) {
        checkLength(value >> 16, Integer.BYTES);
        return value;
      }
    }
    atLength = !atLength;
    return value;
  }

  private void checkLength(int length, long most) {
    if (length < 0 || length > most) {
      throw new InputException(
          "%s is damaged: an element claims %d bytes, but at most %d follow"
              .formatted(name, Integer.toUnsignedLong(length), most));
    }
  }

  /** Skips the offset of data of classes. Returns 0, which means that there are none. */
  @Override
  public long readLong() throws IOException {
    super.readLong();
    return 0;
  }

  /** Two values of type uint32 are the flags of a matrix, with its class in the lowest byte. */
  @Override
  public void readInts(int[] values, int start, int length) throws IOException {
    super.readInts(values, start, length);
    if (type == UINT32 && length == 2 && (values[start] & 0xff) > LAST_CLASS_OF_VALUES) {
      throw new InputException(name + " must hold matrices, but holds an object");
    }
  }

  @Override
  public long getPosition() {
    return position;
  }

  @Override
  public void readBytes(byte[] to, int start, int length) throws IOException {
    if (in.readNBytes(to, start, length) < length) {
      throw new EOFException("it is truncated");
    }
    position += length;
  }

  @Override
  public boolean isMutatedByChildren() {
    return true;
  }

  @Override
  public us.hebi.matlab.mat.types.Source readInflated(int length, int buffer) throws IOException {
    InputStream inflated = new InflaterInputStream(readBytesAsStream(length));
    return new BoundedMat(name, inflated, (long) length * Source.INFLATED).order(order());
  }

  @Override
  protected InputStream readBytesAsStream(long length) {
    return new FilterInputStream(in) {
      private long left = length;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] to, int start, int count) throws IOException {
        int read = left == 0 ? -1 : in.read(to, start, (int) Math.min(left, count));
        left -= Math.max(0, read);
        position += Math.max(0, read);
        return read;
      }

      @Override
      public void close() {
        // The file stays open.
      }
    };
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
