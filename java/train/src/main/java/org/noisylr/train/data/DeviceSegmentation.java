package org.noisylr.train.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.metric.MeanIou;
import org.noisylr.train.metric.Score;

/**
 * Images with a class for each pixel on a device: {@code uint8 [N, 3, H, W]} and {@code uint8 [N,
 * H, W]}. Batches are normalised and augmented there; what comes from outside of an image is the
 * mean colour and has no class.
 */
final class DeviceSegmentation implements Examples {
  private static final int EVALUATION_BATCH = 4;
  private static final int BILINEAR = 0;
  private static final int NEAREST = 1;
  private static final int ZEROS = 0;
  private static final long VOID = SegmentationSet.VOID & 0xff;

  private final Device device;
  private final int classes;
  private final int count;
  private final Augmentation augmentation;
  private final Tensor images;
  private final Tensor masks;
  private final Normalization.OnDevice normalization;

  /** Copies {@code set} to {@code device}. */
  DeviceSegmentation(
      SegmentationSet set,
      int classes,
      Normalization normalization,
      Augmentation augmentation,
      Device device) {
    this.device = device;
    this.classes = classes;
    this.augmentation = augmentation;
    count = set.count();
    images =
        DeviceImages.onDevice(
            set.pixels(), device, count, SegmentationSet.CHANNELS, set.height(), set.width());
    masks = DeviceImages.onDevice(set.masks(), device, count, set.height(), set.width());
    this.normalization = normalization.on(device);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int evaluationBatch() {
    return EVALUATION_BATCH;
  }

  @Override
  public Score newScore() {
    return new MeanIou(classes, device);
  }

  @Override
  public Batch training(Tensor indices) {
    Tensor inputs = normalization.apply(images.index_select(0, indices));
    Tensor chosen = masks.index_select(0, indices);
    if (augmentation.equals(Augmentation.NONE)) {
      return new Batch(inputs, targets(chosen));
    }
    Tensor grid = augmentation.grid(inputs.shape(), device);
    // Zero is what the sampler finds outside, so "no class" is made zero.
    Tensor shifted = chosen.to(torch.ScalarType.Float).sub_(new Scalar((double) VOID));
    Tensor sampled = torch.grid_sampler(shifted.unsqueeze(1), grid, NEAREST, ZEROS, false);
    return new Batch(
        Tensors.channelsLast(
            torch.grid_sampler(inputs, grid, BILINEAR, ZEROS, false), torch.ScalarType.Float),
        targets(sampled.squeeze(1).add_(new Scalar((double) VOID))));
  }

  @Override
  public Batch evaluation(long first, long length) {
    return new Batch(
        normalization.apply(images.narrow(0, first, length)),
        targets(masks.narrow(0, first, length)));
  }

  private static Tensor targets(Tensor masks) {
    Tensor targets = masks.to(torch.ScalarType.Long);
    return targets.masked_fill_(targets.eq(new Scalar(VOID)), new Scalar(Score.IGNORED));
  }

  @Override
  public void close() {
    images.close();
    masks.close();
    normalization.close();
  }
}
