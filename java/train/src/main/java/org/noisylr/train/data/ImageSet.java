package org.noisylr.train.data;

import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled images of one size.
 *
 * @param pixels samples as unsigned bytes, {@code [N, C, H, W]} contiguous; the channels are grey,
 *     or red, green and blue
 * @param labels {@code [N]}, class indices in [0, inf)
 * @param channels C, at least 1
 * @param height H, at least 1
 * @param width W, at least 1
 */
public record ImageSet(byte[] pixels, int[] labels, int channels, int height, int width)
    implements ExampleSet {
  /**
   * Validates the values.
   *
   * @throws InputException if a size or a label is out of range, there is no image, or {@code
   *     pixels} does not have {@code N·C·H·W} bytes
   */
  public ImageSet {
    Check.atLeast("channels", channels, 1);
    Check.atLeast("height", height, 1);
    Check.atLeast("width", width, 1);
    Labels.check("images", labels);
    // A double is exact for every array length and cannot overflow.
    if ((double) labels.length * channels * height * width != pixels.length) {
      throw new InputException(
          "pixels must have %d x %d x %d x %d bytes, but have %d"
              .formatted(labels.length, channels, height, width, pixels.length));
    }
  }

  @Override
  public ImageSet select(int[] indices) {
    return new ImageSet(
        ExampleSet.rows(pixels, channels * height * width, indices),
        ExampleSet.rows(labels, 1, indices),
        channels,
        height,
        width);
  }
}
