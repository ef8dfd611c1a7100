package org.noisylr.train.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.metric.MeanIou;
import org.noisylr.train.metric.Score;

/**
 * Segmentation images on a device, stored as {@code uint8 [N, 3, H, W]} with masks {@code uint8 [N,
 * H, W]}. Batches are normalised and augmented there. Pixels from outside an image have the mean
 * colour and no class.
 */
final class DeviceSegmentation extends DeviceExamples {
  private static final int BILINEAR = 0;
  private static final int NEAREST = 1;
  private static final int ZEROS = 0;
  private static final long VOID = SegmentationSet.VOID & 0xff;

  private final Device device;
  private final Normalization.OnDevice normalization;
  private final Augmentation augmentation;

  /** Copies the images. */
  DeviceSegmentation(
      SegmentationSet set,
      int classes,
      Normalization normalization,
      Augmentation augmentation,
      Device device) {
    super(
        copy(
            set.pixels(), device, set.count(), SegmentationSet.CHANNELS, set.height(), set.width()),
        copy(set.masks(), device, set.count(), set.height(), set.width()),
        classes,
        device);
    this.device = device;
    this.normalization = normalization.on(device);
    this.augmentation = augmentation;
  }

  @Override
  public int evaluationBatch() {
    return 4;
  }

  @Override
  public Score newScore() {
    return new MeanIou(classes(), device);
  }

  @Override
  Batch batch(Tensor images, Tensor masks) {
    return new Batch(normalization.apply(images), targets(masks));
  }

  @Override
  Batch augmentedBatch(Tensor images, Tensor masks, BatchPart part) {
    if (augmentation.equals(Augmentation.NONE)) {
      return batch(images, masks);
    }
    Tensor inputs = normalization.apply(images);
    Tensor grid = augmentation.grid(inputs.shape(), part, device);
    // The sampler returns zero outside the image, so "no class" becomes zero.
    Tensor shifted = masks.to(torch.ScalarType.Float).sub_(new Scalar((double) VOID));
    Tensor sampled = torch.grid_sampler(shifted.unsqueeze(1), grid, NEAREST, ZEROS, false);
    return new Batch(
        Tensors.channelsLast(
            torch.grid_sampler(inputs, grid, BILINEAR, ZEROS, false), torch.ScalarType.Float),
        targets(sampled.squeeze(1).add_(new Scalar((double) VOID))));
  }

  private static Tensor targets(Tensor masks) {
    Tensor targets = masks.to(torch.ScalarType.Long);
    return targets.masked_fill_(targets.eq(new Scalar(VOID)), new Scalar(Score.IGNORED));
  }

  @Override
  public void close() {
    super.close();
    normalization.close();
  }
}
