package org.noisylr.train.checkpoint;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Creates digests that every Java platform has. */
public final class Digest {
  private Digest() {}

  /** Creates a digest: {@code MD5} or {@code SHA-256}. */
  public static MessageDigest of(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has " + algorithm, e);
    }
  }
}
