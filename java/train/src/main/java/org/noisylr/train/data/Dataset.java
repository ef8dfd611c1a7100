package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;

/** Labelled examples to train on and to test with. */
public sealed interface Dataset permits ImageDataset, TextDataset {
  /** What the dataset is called in reports. */
  String name();

  /** The class with index i is {@code classNames().get(i)}. */
  List<String> classNames();

  /** The number of training examples. */
  int trainCount();

  /** The number of test examples. */
  int testCount();

  /**
   * The same dataset with fewer training examples: the first {@code n} in stored order.
   *
   * @param n in [1, {@link #trainCount}]
   * @throws InputException if {@code n} is outside that interval
   */
  Dataset subset(int n);

  /**
   * Copies the examples to a device.
   *
   * @param augmentation of the training images
   * @throws InputException if there is something to augment, but these are no images
   */
  OnDevice on(Device device, Augmentation augmentation);

  /**
   * Both sets on a device; whoever has it closes it.
   *
   * @param train to train on
   * @param test to evaluate on
   */
  record OnDevice(Examples train, Examples test) implements AutoCloseable {
    @Override
    public void close() {
      train.close();
      test.close();
    }
  }
}
