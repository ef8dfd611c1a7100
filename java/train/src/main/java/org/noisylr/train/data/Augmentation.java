package org.noisylr.train.data;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.torch.Tensors;

/**
 * Random changes of training images, one draw an image, computed for a whole batch on its device.
 *
 * <p>Pad-and-crop: the image is padded with zeros on every side and a window of its own size is cut
 * at a uniform random place, which is a shift by up to {@code padding} pixels. Mirror: with
 * probability ½ the image is flipped from left to right. Draws come from LibTorch's default
 * generator of the device.
 *
 * @param padding pixels added on every side, in [0, inf); 0 switches cropping off
 * @param mirror whether images are mirrored
 */
public record Augmentation(int padding, boolean mirror) {
  /** Images as they are. */
  public static final Augmentation NONE = new Augmentation(0, false);

  /** 4 pixels of padding and a random crop. */
  public static final Augmentation CROP = new Augmentation(4, false);

  /** He et al. 2016, section 4.2: 4 pixels of padding, crop, mirror. */
  public static final Augmentation CROP_MIRROR = new Augmentation(4, true);

  /** Validates the values. */
  public Augmentation {
    Check.atLeast("padding", padding, 0);
  }

  /**
   * Changes a batch.
   *
   * @param images {@code uint8 [N, C, H, W]}, left as it is
   * @return {@code uint8 [N, C, H, W]}: {@code images} itself where nothing is to be done
   */
  public Tensor apply(Tensor images) {
    if (padding == 0 && !mirror) {
      return images;
    }
    long n = images.size(0);
    long c = images.size(1);
    long h = images.size(2);
    long w = images.size(3);
    long paddedWidth = w + 2L * padding;
    TensorOptions indices = Tensors.options(images.device(), torch.ScalarType.Long);

    Tensor top = torch.randint(2L * padding + 1, new long[] {n, 1}, indices);
    Tensor left = torch.randint(2L * padding + 1, new long[] {n, 1}, indices);
    Tensor rows = torch.arange(new Scalar(h), indices).add(top);
    Tensor columns = torch.arange(new Scalar(w), indices).expand(n, w);
    if (mirror) {
      Tensor mirrored = torch.randint(2, new long[] {n, 1}, indices);
      Tensor reversal = columns.mul(new Scalar(-2)).add_(new Scalar(w - 1));
      columns = columns.add(reversal.mul_(mirrored));
    }
    columns = columns.add(left);
    Tensor pixel =
        rows.unsqueeze(2).mul(new Scalar(paddedWidth)).add(columns.unsqueeze(1)).view(n, 1, h * w);

    Tensor padded = torch.constant_pad_nd(images, padding, padding, padding, padding);
    return padded
        .view(n, c, (h + 2L * padding) * paddedWidth)
        .gather(2, pixel.expand(n, c, h * w))
        .view(n, c, h, w);
  }
}
