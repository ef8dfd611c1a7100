package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Per-channel normalisation: x ← (x − mean_c) / std_c, with mean and (population) standard
 * deviation of channel c over all pixels of the training images, in units of the stored values 0 …
 * 255. A constant channel is only centred.
 */
public final class Normalization {
  private final float[] means;
  private final float[] inverseStds;

  private Normalization(float[] means, float[] inverseStds) {
    this.means = means;
    this.inverseStds = inverseStds;
  }

  /** Measures {@code training}. */
  public static Normalization of(ImageSet training) {
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
    return new Normalization(means, inverseStds);
  }

  /** mean_c as {@code float32 [1, C, 1, 1]} on a device; owned by the caller. */
  Tensor mean(Device device) {
    return perChannel(means, device);
  }

  /** 1 / std_c in the same form; 1 for a constant channel. */
  Tensor inverseStd(Device device) {
    return perChannel(inverseStds, device);
  }

  private static Tensor perChannel(float[] values, Device device) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor =
          Tensor.create(values, 1, values.length, 1, 1).to(device, torch.ScalarType.Float);
      return tensor.retainReference();
    }
  }
}
