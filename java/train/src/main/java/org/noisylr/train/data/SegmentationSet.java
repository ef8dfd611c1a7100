package org.noisylr.train.data;

import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Colour images of one size with a class for each pixel.
 *
 * @param pixels samples as unsigned bytes, {@code [N, 3, H, W]} contiguous
 * @param masks {@code [N, H, W]}: unsigned class indices, or {@link #VOID} for a pixel without a
 *     class, which is ignored
 * @param height H, at least 1
 * @param width W, at least 1
 */
public record SegmentationSet(byte[] pixels, byte[] masks, int height, int width)
    implements ExampleSet {
  /** C: red, green, blue. */
  public static final int CHANNELS = 3;

  /** The mask value 255, "no class". */
  public static final byte VOID = (byte) 255;

  /**
   * Validates the values.
   *
   * @throws InputException if a size is out of range, there is no image, an array has the wrong
   *     length, or no pixel of an image has a class
   */
  public SegmentationSet {
    Check.atLeast("height", height, 1);
    Check.atLeast("width", width, 1);
    Check.atLeast("number of mask values", masks.length, 1);
    long plane = (long) height * width;
    if (masks.length % plane != 0 || (long) CHANNELS * masks.length != pixels.length) {
      throw new InputException(
          "masks must have N x %d x %d bytes and pixels %d times as many, but have %d and %d"
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

  @Override
  public int[] labels() {
    return new int[count()];
  }

  @Override
  public int count() {
    return masks.length / (height * width);
  }

  @Override
  public SegmentationSet select(int[] indices) {
    int plane = height * width;
    return new SegmentationSet(
        ExampleSet.rows(pixels, CHANNELS * plane, indices),
        ExampleSet.rows(masks, plane, indices),
        height,
        width);
  }
}
