package org.noisylr.train.data;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.noisylr.train.checkpoint.Digest;

/** The SHA-256 digest of all examples of a dataset, to compare those of several processes. */
public final class DataDigest {
  private DataDigest() {}

  /** Returns the digest in hexadecimal. */
  public static String of(Dataset data) {
    MessageDigest digest = Digest.of("SHA-256");
    add(digest, data.train());
    add(digest, data.test());
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, ExampleSet set) {
    if (set instanceof ImageSet images) {
      digest.update(images.pixels());
      add(digest, images.labels());
    } else if (set instanceof SegmentationSet images) {
      digest.update(images.pixels());
      digest.update(images.masks());
    } else {
      TextSet texts = (TextSet) set;
      add(digest, texts.tokens());
      add(digest, texts.labels());
    }
    add(digest, new int[] {set.count()});
  }

  private static void add(MessageDigest digest, int[] values) {
    ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
    for (int value : values) {
      chunk.putInt(value);
      if (!chunk.hasRemaining()) {
        digest.update(chunk.flip());
        chunk.clear();
      }
    }
    digest.update(chunk.flip());
  }
}
