package org.noisylr.noise;

import org.apache.commons.rng.core.source32.Philox4x32;

/**
 * The counter-based generator Philox4x32-10 as a pure function (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * <p>The words equal those of {@code at::Philox4_32(key, subsequence, counter)} in LibTorch. Blocks
 * of different (key, counter, subsequence) are independent for every statistical purpose, unlike
 * streams seeded with neighbouring or shifted numbers.
 */
public final class Philox {
  private Philox() {}

  /**
   * Returns the four random 32-bit words of a block.
   *
   * @param key the key, low word first; all 64 bits are used
   * @param counter words 0 and 1 of the 128-bit counter, low word first; unsigned
   * @param subsequence words 2 and 3 of the 128-bit counter, low word first; unsigned
   * @return a new array of length 4
   */
  public static int[] block(long key, long counter, long subsequence) {
    // Commons RNG increments its 128-bit counter before the first block.
    long low = counter - 1;
    long high = counter == 0 ? subsequence - 1 : subsequence;
    int[] seed = {
      (int) key, (int) (key >>> 32), (int) low, (int) (low >>> 32), (int) high, (int) (high >>> 32)
    };
    Philox4x32 philox = new Philox4x32(seed);
    return new int[] {philox.next(), philox.next(), philox.next(), philox.next()};
  }
}
