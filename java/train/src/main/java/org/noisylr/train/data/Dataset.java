package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;
import org.noisylr.train.metric.Metric;

/** Labelled examples to train on and to test with. */
public sealed interface Dataset permits ImageDataset, SegmentationDataset, TextDataset {
  /** What the dataset is called in reports. */
  String name();

  /** The class with index i is {@code classNames().get(i)}. */
  List<String> classNames();

  /** The number of training examples. */
  int trainCount();

  /** The number of test examples. */
  int testCount();

  /** How predictions on these examples are scored. */
  Metric metric();

  /**
   * The same dataset with fewer examples: the first ones in stored order.
   *
   * @param train in [1, {@link #trainCount}]
   * @param test in [1, {@link #testCount}]
   * @throws InputException if a number is outside its interval
   */
  Dataset subset(int train, int test);

  /**
   * Checks that training examples can be augmented so.
   *
   * @throws InputException if they cannot
   */
  void check(Augmentation augmentation);

  /**
   * Copies the examples to a device.
   *
   * @param augmentation of the training images
   * @throws InputException if these examples cannot be augmented so
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
