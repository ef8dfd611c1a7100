package org.noisylr.train.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.torch.Tensors;

/**
 * Random changes of training images, drawn for each image and computed for a whole batch on its
 * device. The draws come from LibTorch's default generator of the device. They are those of the
 * whole batch, also where only a part of it is computed.
 *
 * <ul>
 *   <li>Crop: the image is padded with zeros on every side, and a window of the original size is
 *       cut at a uniform random position. This shifts the image by up to {@code padding} pixels.
 *   <li>Mirror: the image is flipped from left to right with probability ½.
 *   <li>Zoom, for segmentation: the image is magnified by 2^u, u uniform in [−log₂ zoom, log₂
 *       zoom]. A window of the original size is placed at a uniform random position within the
 *       magnified image, or around it if it is smaller.
 * </ul>
 *
 * @param padding pixels added on every side, at least 0; 0 turns cropping off
 * @param mirror whether images are mirrored
 * @param zoom the greatest magnification, at least 1; 1 turns zoom off
 */
public record Augmentation(int padding, boolean mirror, double zoom) {
  /** No changes. */
  public static final Augmentation NONE = new Augmentation(0, false, 1);

  /** Random crop with 4 pixels of padding. */
  public static final Augmentation CROP = new Augmentation(4, false, 1);

  /** He et al. 2016, section 4.2: random crop with 4 pixels of padding, mirror. */
  public static final Augmentation CROP_MIRROR = new Augmentation(4, true, 1);

  /** Chen et al. 2017 (DeepLab V3), section 4.1: zoom from 0.5 to 2, mirror. */
  public static final Augmentation ZOOM_MIRROR = new Augmentation(0, true, 2);

  /** Validates the values. */
  public Augmentation {
    Check.atLeast("padding", padding, 0);
    Check.atLeast("zoom", zoom, 1);
  }

  /**
   * Draws mirror and zoom: the place in the original image of each pixel of the changed image, for
   * {@code grid_sampler} without aligned corners.
   *
   * @param size {@code [N, C, H, W]}, N the length of the part
   * @return {@code float32 [N, H, W, 2]}, x and y from −1 to 1 over the image
   */
  Tensor grid(long[] size, BatchPart part, Device device) {
    TensorOptions options = Tensors.options(device, torch.ScalarType.Float);
    long n = size[0];
    // The ratio of the window's side to the image's: 2^-u.
    Tensor side = part.of(torch.rand(new long[] {part.batch()}, options));
    side = side.mul(new Scalar(2.0)).sub_(new Scalar(1.0));
    side = side.mul_(new Scalar(Math.log(zoom))).exp_();
    Tensor room = side.sub(new Scalar(1.0)).abs_();
    Tensor places = part.of(torch.rand(new long[] {part.batch(), 2}, options));
    places = places.mul(new Scalar(2.0)).sub_(new Scalar(1.0));
    Tensor direction = torch.ones(new long[] {n}, options);
    if (mirror) {
      Tensor mirrored = part.of(torch.randint(2, new long[] {part.batch()}, options));
      direction = direction.sub_(mirrored.mul(new Scalar(2.0)));
    }
    Tensor affine = torch.zeros(new long[] {n, 2, 3}, options);
    affine.select(1, 0).select(1, 0).copy_(side.mul(direction));
    affine.select(1, 1).select(1, 1).copy_(side);
    affine.select(2, 2).copy_(places.mul_(room.unsqueeze(1)));
    return torch.affine_grid_generator(affine, size, false);
  }

  /**
   * Crops and mirrors a batch, without zoom.
   *
   * @param images {@code uint8 [N, C, H, W]}, N the length of the part, not changed
   * @return {@code uint8 [N, C, H, W]}; {@code images} itself if crop and mirror are off
   */
  public Tensor apply(Tensor images, BatchPart part) {
    if (padding == 0 && !mirror) {
      return images;
    }
    long n = images.size(0);
    long c = images.size(1);
    long h = images.size(2);
    long w = images.size(3);
    long paddedWidth = w + 2L * padding;
    TensorOptions indices = Tensors.options(images.device(), torch.ScalarType.Long);

    long[] draws = {part.batch(), 1};
    Tensor top = part.of(torch.randint(2L * padding + 1, draws, indices));
    Tensor left = part.of(torch.randint(2L * padding + 1, draws, indices));
    Tensor rows = torch.arange(new Scalar(h), indices).add(top);
    Tensor columns = torch.arange(new Scalar(w), indices).expand(n, w);
    if (mirror) {
      Tensor mirrored = part.of(torch.randint(2, draws, indices));
      Tensor reversal = columns.mul(new Scalar(-2)).add_(new Scalar(w - 1));
      columns = columns.add(reversal.mul(mirrored));
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
