package org.noisylr.train.data.format;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The orientation in a JPEG file, which cameras store instead of rotating the pixels (Exif 2.32).
 */
final class Exif {
  private static final int APP1 = 0xe1;
  private static final int START_OF_SCAN = 0xda;
  private static final byte[] MARK = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final int ORIENTATION = 0x0112;

  private Exif() {}

  /** Returns whether a file is to be shown rotated or mirrored; false if it says nothing. */
  static boolean isRotated(byte[] jpeg) {
    try {
      ByteBuffer in = ByteBuffer.wrap(jpeg);
      if (in.getShort() != (short) 0xffd8) {
        return false;
      }
      while (Byte.toUnsignedInt(in.get()) == 0xff) {
        int marker = Byte.toUnsignedInt(in.get());
        int length = Short.toUnsignedInt(in.getShort()) - Short.BYTES;
        if (marker == START_OF_SCAN) {
          return false;
        }
        ByteBuffer segment = in.slice(in.position(), length);
        if (marker == APP1 && length > MARK.length && starts(segment)) {
          return isRotated(segment.slice(MARK.length, length - MARK.length));
        }
        in.position(in.position() + length);
      }
      return false;
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return false; // The file is damaged here; its pixels may still be read.
    }
  }

  private static boolean starts(ByteBuffer segment) {
    byte[] start = new byte[MARK.length];
    segment.get(0, start);
    return Arrays.equals(start, MARK);
  }

  /** Reads the first directory of a TIFF file. */
  private static boolean isRotated(ByteBuffer tiff) {
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    tiff.position(tiff.getInt(4));
    for (int entries = Short.toUnsignedInt(tiff.getShort()); entries > 0; entries--) {
      int tag = Short.toUnsignedInt(tiff.getShort());
      tiff.position(tiff.position() + Short.BYTES + Integer.BYTES);
      int value = Short.toUnsignedInt(tiff.getShort());
      tiff.position(tiff.position() + Short.BYTES);
      if (tag == ORIENTATION) {
        return value >= 2 && value <= 8;
      }
    }
    return false;
  }
}
