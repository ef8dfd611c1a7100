package org.noisylr.train.data;

import java.util.Arrays;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled images of one size in the memory of the JVM. The arrays are not copied: whoever makes a
 * set hands them over and no longer changes them.
 *
 * @param pixels samples as unsigned bytes, {@code [N, C, H, W]} contiguous: images one after the
 *     other, in each of them the channels (grey, or red, green, blue), in each channel the rows
 * @param labels {@code [N]}, class indices in [0, inf)
 * @param channels C, in [1, inf)
 * @param height H, in [1, inf)
 * @param width W, in [1, inf)
 */
public record ImageSet(byte[] pixels, int[] labels, int channels, int height, int width) {
  /**
   * Validates the values.
   *
   * @throws InputException if a size or a label is out of range, there is no image, or {@code
   *     pixels} has not {@code N·C·H·W} bytes
   */
  public ImageSet {
    Check.atLeast("channels", channels, 1);
    Check.atLeast("height", height, 1);
    Check.atLeast("width", width, 1);
    Check.atLeast("number of images", labels.length, 1);
    // In double, which is exact for every array length and cannot overflow.
    if ((double) labels.length * channels * height * width != pixels.length) {
      throw new InputException(
          "pixels must have %d x %d x %d x %d bytes, but has %d"
              .formatted(labels.length, channels, height, width, pixels.length));
    }
    for (int label : labels) {
      Check.atLeast("label", label, 0);
    }
  }

  /** N, the number of images. */
  public int count() {
    return labels.length;
  }

  /** The class of image {@code index}. */
  public int label(int index) {
    return labels[index];
  }

  /**
   * The first {@code n} images, in stored order.
   *
   * @param n in [1, {@link #count}]
   * @throws InputException if {@code n} is outside that interval
   */
  public ImageSet first(int n) {
    Check.within("number of images", n, 1, count());
    if (n == count()) {
      return this;
    }
    return new ImageSet(
        Arrays.copyOf(pixels, n * (pixels.length / count())),
        Arrays.copyOf(labels, n),
        channels,
        height,
        width);
  }
}
