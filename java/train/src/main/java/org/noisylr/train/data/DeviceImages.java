package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A set of labelled images in the memory of a device: {@code uint8 [N, C, H, W]} and {@code int64
 * [N]}. Owns both tensors.
 */
public final class DeviceImages implements AutoCloseable {
  private final Tensor images;
  private final Tensor labels;
  private final int count;

  /** Copies {@code set} to {@code device}. */
  public DeviceImages(ImageSet set, Device device) {
    count = set.count();
    long[] shape = {count, set.channels(), set.height(), set.width()};
    long[] labelValues = new long[count];
    for (int i = 0; i < count; i++) {
      labelValues[i] = set.label(i);
    }
    try (PointerScope scope = new PointerScope()) {
      images =
          Tensor.create(set.pixels(), false, shape)
              .to(device, torch.ScalarType.Byte)
              .retainReference();
      labels =
          Tensor.create(labelValues, count).to(device, torch.ScalarType.Long).retainReference();
    }
  }

  /** N, the number of images. */
  public int count() {
    return count;
  }

  /**
   * Chosen images.
   *
   * @param indices {@code int64 [B]} on the device
   * @return {@code uint8 [B, C, H, W]}, owned by the caller
   */
  public Tensor images(Tensor indices) {
    return images.index_select(0, indices);
  }

  /**
   * The labels of chosen images.
   *
   * @param indices {@code int64 [B]} on the device
   * @return {@code int64 [B]}, owned by the caller
   */
  public Tensor labels(Tensor indices) {
    return labels.index_select(0, indices);
  }

  /** Images {@code first} … {@code first + length − 1}: a view of this set's memory. */
  public Tensor images(long first, long length) {
    return images.narrow(0, first, length);
  }

  /** Labels {@code first} … {@code first + length − 1}: a view of this set's memory. */
  public Tensor labels(long first, long length) {
    return labels.narrow(0, first, length);
  }

  @Override
  public void close() {
    images.close();
    labels.close();
  }
}
