package org.noisylr.train.data.format;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.InflaterInputStream;
import org.noisylr.check.InputException;
import us.hebi.matlab.mat.types.AbstractSource;

/**
 * The bytes of a MATLAB file for the library that reads them, which allocates what a file claims
 * before it reads. An element that claims more bytes than can follow is refused, and so are
 * objects, which may hold others without end. So at most the file's size is allocated at a time, or
 * 1,032 times that of a compressed element: no more can be compressed.
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
   * @param name of the file, in error messages
   * @param size the most bytes that {@code in} can give
   */
  BoundedMat(String name, InputStream in, long size) {
    super(BUFFER);
    this.name = name;
    this.in = in;
    this.size = size;
  }

  /** Reads a half of an element's tag: its type, or its length where that is not packed with it. */
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
          "%s is damaged: an element claims %d bytes where %d can follow"
              .formatted(name, Integer.toUnsignedLong(length), most));
    }
  }

  /** Where the file says that data of classes lie; it is as if there were none. */
  @Override
  public long readLong() throws IOException {
    super.readLong();
    return 0;
  }

  /** Two of type uint32 are the flags of a matrix, the class in the lowest byte. */
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
        // The file goes on.
      }
    };
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
