package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;

/**
 * Labelled images on a device, stored as {@code uint8 [N, C, H, W]}. Batches are augmented and
 * normalised there: {@code float32 [B, C, H, W]} in channels-last order.
 */
public final class DeviceImages implements Examples {
  private final Tensor images;
  private final Tensor labels;
  private final Tensor mean;
  private final Tensor inverseStd;
  private final Augmentation augmentation;
  private final int count;

  /** Copies {@code set} to {@code device}. */
  public DeviceImages(
      ImageSet set, Normalization normalization, Augmentation augmentation, Device device) {
    this.augmentation = augmentation;
    count = set.count();
    long[] shape = {count, set.channels(), set.height(), set.width()};
    try (PointerScope scope = new PointerScope()) {
      images =
          Tensor.create(set.pixels(), false, shape)
              .to(device, torch.ScalarType.Byte)
              .retainReference();
    }
    labels = DeviceTexts.onDevice(set.labels(), device, count);
    mean = normalization.mean(device);
    inverseStd = normalization.inverseStd(device);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public Batch training(Tensor indices) {
    Tensor chosen = augmentation.apply(images.index_select(0, indices));
    return new Batch(normalized(chosen), labels.index_select(0, indices));
  }

  @Override
  public Batch evaluation(long first, long length) {
    return new Batch(normalized(images.narrow(0, first, length)), labels.narrow(0, first, length));
  }

  private Tensor normalized(Tensor pixels) {
    return Tensors.channelsLast(pixels, torch.ScalarType.Float).sub_(mean).mul_(inverseStd);
  }

  @Override
  public void close() {
    images.close();
    labels.close();
    mean.close();
    inverseStd.close();
  }
}
