package org.noisylr.train.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * Labelled images on a device, stored as {@code uint8 [N, C, H, W]}. Batches are augmented and
 * normalised there: {@code float32 [B, C, H, W]} in channels-last order.
 */
final class DeviceImages extends DeviceExamples {
  private final Normalization.OnDevice normalization;
  private final Augmentation augmentation;

  /** Copies the images. */
  DeviceImages(
      ImageSet set,
      int classes,
      Normalization normalization,
      Augmentation augmentation,
      Device device) {
    super(
        copy(set.pixels(), device, set.count(), set.channels(), set.height(), set.width()),
        copy(set.labels(), device, set.count()),
        classes,
        device);
    this.normalization = normalization.on(device);
    this.augmentation = augmentation;
  }

  @Override
  Batch batch(Tensor images, Tensor labels) {
    return new Batch(normalization.apply(images), labels);
  }

  @Override
  Batch augmentedBatch(Tensor images, Tensor labels, BatchPart part) {
    return batch(augmentation.apply(images, part), labels);
  }

  @Override
  public void close() {
    super.close();
    normalization.close();
  }
}
