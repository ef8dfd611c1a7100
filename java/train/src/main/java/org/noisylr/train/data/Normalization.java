package org.noisylr.train.data;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;

/**
 * Per-channel normalisation: x ← (x − mean_c) / std_c, with the mean and the population standard
 * deviation of channel c over all pixels of the training images, in units of the stored values 0 …
 * 255. For a constant channel, std_c is 1.
 */
public final class Normalization {
  private final float[] means;
  private final float[] inverseStds;

  private Normalization(float[] means, float[] inverseStds) {
    this.means = means;
    this.inverseStds = inverseStds;
  }

  /** Returns the normalisation with these means and standard deviations. */
  static Normalization of(List<Double> means, List<Double> stds) {
    float[] values = new float[means.size()];
    float[] inverseStds = new float[values.length];
    for (int c = 0; c < values.length; c++) {
      values[c] = means.get(c).floatValue();
      inverseStds[c] = (float) (1 / stds.get(c));
    }
    return new Normalization(values, inverseStds);
  }

  /** Describes it for a model that takes images of a shape. */
  Preprocessing.Images preprocessing(int height, int width, Integer resize) {
    List<Double> mean = new ArrayList<>();
    List<Double> std = new ArrayList<>();
    for (int c = 0; c < means.length; c++) {
      mean.add((double) means[c]);
      std.add(1.0 / inverseStds[c]);
    }
    return new Preprocessing.Images(means.length, height, width, mean, std, resize);
  }

  /** Measures training images. */
  public static Normalization of(ImageSet training) {
    return of(training.pixels(), training.channels(), training.height() * training.width(), null);
  }

  /** Measures the pixels that have a class; the others may be padding around an image. */
  static Normalization of(SegmentationSet training) {
    return of(
        training.pixels(),
        SegmentationSet.CHANNELS,
        training.height() * training.width(),
        training.masks());
  }

  private static Normalization of(byte[] pixels, int channels, int plane, byte[] masks) {
    float[] means = new float[channels];
    float[] inverseStds = new float[channels];
    int images = pixels.length / (channels * plane);
    for (int c = 0; c < channels; c++) {
      long sum = 0;
      long squares = 0;
      long count = 0;
      for (int image = 0; image < images; image++) {
        int first = (image * channels + c) * plane;
        for (int i = 0; i < plane; i++) {
          if (masks == null || masks[image * plane + i] != SegmentationSet.VOID) {
            int value = pixels[first + i] & 0xff;
            sum += value;
            squares += value * value;
            count++;
          }
        }
      }
      double average = (double) sum / count;
      double variance = (double) squares / count - average * average;
      means[c] = (float) average;
      inverseStds[c] = variance > 0 ? (float) (1 / Math.sqrt(variance)) : 1;
    }
    return new Normalization(means, inverseStds);
  }

  /** Copies the values to a device; owned by the caller. */
  OnDevice on(Device device) {
    return new OnDevice(perChannel(means, device), perChannel(inverseStds, device));
  }

  /**
   * A normalisation on a device, which owns its tensors.
   *
   * @param mean {@code float32 [1, C, 1, 1]}
   * @param inverseStd 1 / std_c, {@code float32 [1, C, 1, 1]}
   */
  record OnDevice(Tensor mean, Tensor inverseStd) implements AutoCloseable {
    /** Maps {@code uint8 [B, C, H, W]} to {@code float32 [B, C, H, W]} in channels-last order. */
    Tensor apply(Tensor pixels) {
      return Tensors.channelsLast(pixels, torch.ScalarType.Float).sub_(mean).mul_(inverseStd);
    }

    @Override
    public void close() {
      mean.close();
      inverseStd.close();
    }
  }

  private static Tensor perChannel(float[] values, Device device) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = Tensors.of(values, 1, values.length, 1, 1).to(device, torch.ScalarType.Float);
      return tensor.retainReference();
    }
  }
}
