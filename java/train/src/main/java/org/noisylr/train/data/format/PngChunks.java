package org.noisylr.train.data.format;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.zip.CRC32;
import org.noisylr.check.InputException;

/**
 * The outer structure of a PNG file: chunks of length, type, data and checksum, up to the chunk
 * IEND. Java's decoder does not check the checksums, allocates what the header claims, and unpacks
 * texts and profiles of any size.
 */
final class PngChunks {
  private static final int SIGNATURE = 8;
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int TRNS = 0x74524e53;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;
  private static final Set<Integer> PIXEL_CHUNKS = Set.of(IHDR, PLTE, TRNS, IDAT, IEND);

  private PngChunks() {}

  /**
   * Returns the file with only the chunks that determine the pixels.
   *
   * @throws InputException if the file is truncated, a checksum is wrong, or the header claims more
   *     pixels than the file can hold
   */
  static byte[] pixelChunks(String name, byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file);
    ByteBuffer kept = ByteBuffer.allocate(file.length).put(file, 0, SIGNATURE);
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
            name + " cannot be decoded: the PNG chunk at byte " + start + " has a wrong checksum");
      }
      int type = in.getInt(start + 4);
      if (start == SIGNATURE) {
        checkHeader(name, file.length, type, in.slice(start + 8, length));
      }
      if (PIXEL_CHUNKS.contains(type)) {
        kept.put(file, start, 12 + length);
      }
      if (type == IEND) {
        return kept.array();
      }
      start += 12 + length;
    }
    throw new InputException(name + " cannot be decoded: the PNG file is truncated");
  }

  private static void checkHeader(String name, int fileLength, int type, ByteBuffer header) {
    if (type != IHDR || header.limit() != 13) {
      throw new InputException(name + " cannot be decoded: the PNG file has no header");
    }
    long width = Integer.toUnsignedLong(header.getInt(0));
    long height = Integer.toUnsignedLong(header.getInt(4));
    long bits = header.get(8) & 0xff;
    // ImageDecoder rejects longer sides before it allocates anything.
    if (Math.max(width, height) <= ImageDecoder.MAX_RESIZED_SIDE
        && width * height * bits / 8 > (long) fileLength * Source.INFLATED) {
      throw new InputException(
          name + " cannot be decoded: the PNG file is too short for its declared size");
    }
  }
}
