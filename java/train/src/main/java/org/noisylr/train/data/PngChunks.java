package org.noisylr.train.data;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import org.noisylr.check.InputException;

/**
 * The outer structure of a PNG file: chunks of length, type, data and checksum up to the chunk
 * IEND. Java's decoder checks none of the checksums.
 */
final class PngChunks {
  private static final int SIGNATURE = 8;
  private static final int IEND = 0x49454e44;

  private PngChunks() {}

  /** Refuses a file that ends too early or in which a checksum is wrong. */
  static void check(String name, byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file);
    int start = SIGNATURE;
    while (file.length - start >= 12) {
      int length = in.getInt(start);
      if (length < 0 || length > file.length - start - 12) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(file, start + 4, 4 + length);
      if ((int) crc.getValue() != in.getInt(start + 8 + length)) {
        throw new InputException(
            name + " cannot be decoded: checksum of the PNG chunk at byte " + start + " is wrong");
      }
      if (in.getInt(start + 4) == IEND) {
        return;
      }
      start += 12 + length;
    }
    throw new InputException(name + " cannot be decoded: the PNG file is truncated");
  }
}
