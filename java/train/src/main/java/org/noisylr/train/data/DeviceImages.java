package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.train.metric.Accuracy;
import org.noisylr.train.metric.Score;

/**
 * Labelled images on a device, stored as {@code uint8 [N, C, H, W]}. Batches are augmented and
 * normalised there: {@code float32 [B, C, H, W]} in channels-last order.
 */
public final class DeviceImages implements Examples {
  private static final int EVALUATION_BATCH = 500;

  private final Device device;
  private final Tensor images;
  private final Tensor labels;
  private final Normalization.OnDevice normalization;
  private final Augmentation augmentation;
  private final int classes;
  private final int count;

  /** Copies {@code set}, of images of {@code classes} classes, to {@code device}. */
  public DeviceImages(
      ImageSet set,
      int classes,
      Normalization normalization,
      Augmentation augmentation,
      Device device) {
    this.classes = classes;
    this.augmentation = augmentation;
    this.device = device;
    count = set.count();
    images = onDevice(set.pixels(), device, count, set.channels(), set.height(), set.width());
    labels = DeviceTexts.onDevice(set.labels(), device, count);
    this.normalization = normalization.on(device);
  }

  static Tensor onDevice(byte[] values, Device device, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      return Tensor.create(values, false, shape)
          .to(device, torch.ScalarType.Byte)
          .retainReference();
    }
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public Batch training(Tensor indices) {
    Tensor chosen = augmentation.apply(images.index_select(0, indices));
    return new Batch(normalization.apply(chosen), labels.index_select(0, indices));
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
    return new Accuracy(device);
  }

  @Override
  public Batch evaluation(long first, long length) {
    return new Batch(
        normalization.apply(images.narrow(0, first, length)), labels.narrow(0, first, length));
  }

  @Override
  public void close() {
    images.close();
    labels.close();
    normalization.close();
  }
}
