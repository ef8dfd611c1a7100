package org.noisylr.train.data;

import java.util.Arrays;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Colour images of one size with a class for each pixel, in the memory of the JVM. The arrays are
 * not copied: whoever makes a set hands them over and no longer changes them.
 *
 * @param pixels samples as unsigned bytes, {@code [N, 3, H, W]} contiguous
 * @param masks {@code [N, H, W]}: unsigned class indices, or {@link #VOID} where a pixel has no
 *     class and counts for nothing
 * @param height H, in [1, inf)
 * @param width W, in [1, inf)
 */
public record SegmentationSet(byte[] pixels, byte[] masks, int height, int width) {
  /** C: red, green, blue. */
  public static final int CHANNELS = 3;

  /** The mask's value 255, "no class". */
  public static final byte VOID = (byte) 255;

  /**
   * Validates the values.
   *
   * @throws InputException if a size is out of range, there is no image, an array has another
   *     length, or no pixel of an image has a class
   */
  public SegmentationSet {
    Check.atLeast("height", height, 1);
    Check.atLeast("width", width, 1);
    Check.atLeast("number of mask values", masks.length, 1);
    long plane = (long) height * width;
    if (masks.length % plane != 0 || (long) CHANNELS * masks.length != pixels.length) {
      throw new InputException(
          "masks must have N x %d x %d bytes and pixels %d times as many, but they have %d and %d"
              .formatted(height, width, CHANNELS, masks.length, pixels.length));
    }
    for (int start = 0; start < masks.length; start += (int) plane) {
      int i = 0;
      while (i < plane && masks[start + i] == VOID) {
        i++;
      }
      if (i == plane) {
        throw new InputException(
            "mask number %d must have a class for at least one pixel, but has none"
                .formatted(start / plane));
      }
    }
  }

  /** N, the number of images. */
  public int count() {
    return masks.length / (height * width);
  }

  /**
   * The first {@code n} images, in stored order.
   *
   * @param n in [1, {@link #count}]
   * @throws InputException if {@code n} is outside that interval
   */
  public SegmentationSet first(int n) {
    Check.within("number of images", n, 1, count());
    if (n == count()) {
      return this;
    }
    int values = n * height * width;
    return new SegmentationSet(
        Arrays.copyOf(pixels, CHANNELS * values), Arrays.copyOf(masks, values), height, width);
  }
}
