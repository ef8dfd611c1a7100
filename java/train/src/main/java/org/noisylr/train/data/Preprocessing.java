package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/** How examples become the input of a model: a model is used as it was trained. */
public sealed interface Preprocessing {
  /**
   * Images: x ← (x − mean_c) / std_c, see {@link Normalization}.
   *
   * @param channels C, at least 1
   * @param height H, at least 1
   * @param width W, at least 1
   * @param mean of each channel, in units of the stored values 0 … 255
   * @param std of each channel, greater than 0, in the same units
   * @param resize H and W, if images of any size are first resized to them: the shorter side to
   *     that number of pixels by antialiased bilinear interpolation, then the centre is cropped;
   *     null if images must have the size H x W
   */
  record Images(
      int channels, int height, int width, List<Double> mean, List<Double> std, Integer resize)
      implements Preprocessing {
    /** Validates the values. */
    public Images {
      Check.atLeast("channels", channels, 1);
      Check.atLeast("height", height, 1);
      Check.atLeast("width", width, 1);
      mean = List.copyOf(Check.required("mean", mean));
      std = List.copyOf(Check.required("std", std));
      if (mean.size() != channels || std.size() != channels) {
        throw Check.invalid(
            "number of means and stds",
            mean.size() + " and " + std.size(),
            "the number of channels, " + channels);
      }
      mean.forEach(value -> Check.finite("mean", value));
      std.forEach(value -> Check.positive("std", value));
      ImageDataset.checkResize(resize);
      if (resize != null && (resize != height || resize != width)) {
        throw Check.invalid("resize", resize, "height and width, " + height + " and " + width);
      }
    }

    /**
     * Returns a model's preprocessing of images with the shape of these.
     *
     * @param name of the dataset with these images
     * @throws InputException if it takes other inputs
     */
    Images sameShape(Preprocessing model, String name) {
      if (model instanceof Images images
          && images.channels == channels
          && images.height == height
          && images.width == width) {
        return images;
      }
      throw new InputException(
          "%s has images of %d x %d x %d (channels x height x width), but the model was trained on others"
              .formatted(name, channels, height, width));
    }

    Normalization normalization() {
      return Normalization.of(mean, std);
    }

    /**
     * Normalises images.
     *
     * @param pixels {@code uint8 [N, C, H, W]}
     * @return {@code float32 [N, C, H, W]} on the device
     */
    public Tensor normalize(Tensor pixels, Device device) {
      try (Normalization.OnDevice normalization = normalization().on(device)) {
        return normalization.apply(pixels.to(device, torch.ScalarType.Byte));
      }
    }
  }

  /**
   * Texts as tokens, see {@link Vocabulary}.
   *
   * @param vocabulary the number of tokens, at least 4
   * @param length the number of tokens of a text, at least 1
   * @param words the words in the order of their tokens, the first of which is 4; empty if unknown
   */
  record Texts(int vocabulary, int length, List<String> words) implements Preprocessing {
    /** Validates the values. */
    public Texts {
      Check.atLeast("vocabulary", vocabulary, 4);
      Check.atLeast("length", length, 1);
      words = List.copyOf(Check.required("words", words));
    }
  }
}
