package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.train.metric.Accuracy;
import org.noisylr.train.metric.Score;

/** Labelled texts on a device: tokens {@code int64 [N, T]} and classes {@code int64 [N]}. */
final class DeviceTexts implements Examples {
  private static final int EVALUATION_BATCH = 500;

  private final Device device;
  private final Tensor tokens;
  private final Tensor labels;
  private final int classes;
  private final int count;

  /** Copies {@code set}, of texts of {@code classes} classes, to {@code device}. */
  DeviceTexts(TextSet set, int classes, Device device) {
    this.classes = classes;
    this.device = device;
    count = set.count();
    tokens = onDevice(set.tokens(), device, count, set.length());
    labels = onDevice(set.labels(), device, count);
  }

  static Tensor onDevice(int[] values, Device device, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      return Tensor.create(values, shape).to(device, torch.ScalarType.Long).retainReference();
    }
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public Batch training(Tensor indices) {
    return new Batch(tokens.index_select(0, indices), labels.index_select(0, indices));
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
    return new Batch(tokens.narrow(0, first, length), labels.narrow(0, first, length));
  }

  @Override
  public void close() {
    tokens.close();
    labels.close();
  }
}
