package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;

/**
 * Per-channel normalisation on a device: x ← (x − mean_c) / std_c, with mean and (population)
 * standard deviation of channel c over all pixels of the training images, in units of the stored
 * values 0 … 255. A constant channel is only centred.
 */
public final class Normalization implements AutoCloseable {
  private final Tensor mean;
  private final Tensor inverseStd;

  /** Measures {@code training} and places the statistics on {@code device}. */
  public Normalization(ImageSet training, Device device) {
    int channels = training.channels();
    int plane = training.height() * training.width();
    byte[] pixels = training.pixels();
    float[] means = new float[channels];
    float[] inverseStds = new float[channels];
    for (int c = 0; c < channels; c++) {
      long sum = 0;
      long squares = 0;
      for (int first = c * plane; first < pixels.length; first += channels * plane) {
        for (int i = first; i < first + plane; i++) {
          int value = pixels[i] & 0xff;
          sum += value;
          squares += value * value;
        }
      }
      double count = (double) training.count() * plane;
      double average = sum / count;
      double variance = squares / count - average * average;
      means[c] = (float) average;
      inverseStds[c] = variance > 0 ? (float) (1 / Math.sqrt(variance)) : 1;
    }
    mean = perChannel(means, device);
    inverseStd = perChannel(inverseStds, device);
  }

  private static Tensor perChannel(float[] values, Device device) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor =
          Tensor.create(values, 1, values.length, 1, 1).to(device, torch.ScalarType.Float);
      return tensor.retainReference();
    }
  }

  /**
   * Normalises a batch.
   *
   * @param images {@code uint8 [N, C, H, W]}
   * @return {@code float32 [N, C, H, W]} in channels-last order
   */
  public Tensor apply(Tensor images) {
    return Tensors.channelsLast(images, torch.ScalarType.Float).sub_(mean).mul_(inverseStd);
  }

  @Override
  public void close() {
    mean.close();
    inverseStd.close();
  }
}
