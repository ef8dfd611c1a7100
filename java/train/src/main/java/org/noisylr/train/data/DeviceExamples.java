package org.noisylr.train.data;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.metric.Accuracy;
import org.noisylr.train.metric.Score;

/**
 * Inputs and targets on a device, which a batch takes as they are. Subclasses convert batches, as
 * stored images take less memory than a model's inputs.
 */
class DeviceExamples implements Examples {
  private final Tensor inputs;
  private final Tensor targets;
  private final int classes;
  private final Device device;

  /**
   * @param inputs {@code [N, …]}, owned by this object
   * @param targets {@code [N, …]}, owned by this object
   */
  DeviceExamples(Tensor inputs, Tensor targets, int classes, Device device) {
    this.inputs = inputs;
    this.targets = targets;
    this.classes = classes;
    this.device = device;
  }

  /** Returns a copy as {@code uint8}. */
  static Tensor copy(byte[] values, Device device, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      return Tensors.of(values, shape).to(device, torch.ScalarType.Byte).retainReference();
    }
  }

  /** Returns a copy as {@code int64}. */
  static Tensor copy(int[] values, Device device, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      return Tensors.of(values, shape).to(device, torch.ScalarType.Long).retainReference();
    }
  }

  /** Returns a batch of stored examples without random changes. */
  Batch batch(Tensor storedInputs, Tensor storedTargets) {
    return new Batch(storedInputs, storedTargets);
  }

  /** Returns a batch of stored examples with random changes. */
  Batch augmentedBatch(Tensor storedInputs, Tensor storedTargets, BatchPart part) {
    return batch(storedInputs, storedTargets);
  }

  @Override
  public final Batch training(Tensor indices, BatchPart part) {
    Tensor own = part.of(indices);
    return augmentedBatch(inputs.index_select(0, own), targets.index_select(0, own), part);
  }

  @Override
  public final Batch evaluation(long first, long length) {
    return batch(inputs.narrow(0, first, length), targets.narrow(0, first, length));
  }

  @Override
  public final int count() {
    return (int) inputs.size(0);
  }

  @Override
  public final int classes() {
    return classes;
  }

  @Override
  public int evaluationBatch() {
    return 500;
  }

  @Override
  public Score newScore() {
    return new Accuracy(device);
  }

  @Override
  public void close() {
    inputs.close();
    targets.close();
  }
}
