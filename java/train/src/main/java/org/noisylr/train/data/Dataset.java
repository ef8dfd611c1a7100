package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;
import org.noisylr.train.metric.Metric;

/** Labelled examples to train on and to test with. */
public sealed interface Dataset permits ImageDataset, SegmentationDataset, TextDataset {
  /** What the examples of a dataset are. */
  enum Kind {
    /** Images with one class each. */
    IMAGES("images", Metric.ACCURACY),
    /** Images with a class for each pixel. */
    SEGMENTATION("segmentation images", Metric.MEAN_IOU),
    /** Texts with one class each. */
    TEXTS("texts", Metric.ACCURACY);

    private final String text;
    private final Metric metric;

    Kind(String text, Metric metric) {
      this.text = text;
      this.metric = metric;
    }

    /** The plural noun for messages. */
    @Override
    public String toString() {
      return text;
    }
  }

  /** The name of the dataset in reports. */
  String name();

  /** The kind of the examples. */
  Kind kind();

  /** The class with index i is {@code classNames().get(i)}. */
  List<String> classNames();

  /** The training examples. */
  ExampleSet train();

  /** The test examples. */
  ExampleSet test();

  /** The number of training examples. */
  default int trainCount() {
    return train().count();
  }

  /** The number of test examples. */
  default int testCount() {
    return test().count();
  }

  /** The metric for predictions on these examples. */
  default Metric metric() {
    return kind().metric;
  }

  /**
   * A dataset of the first examples in stored order.
   *
   * @param train in [1, {@link #trainCount}]
   * @param test in [1, {@link #testCount}]
   * @throws InputException if a number is outside its interval
   */
  Dataset subset(int train, int test);

  /**
   * Checks that an augmentation can be applied to the training examples.
   *
   * @throws InputException if it cannot
   */
  void check(Augmentation augmentation);

  /**
   * Copies the examples to a device.
   *
   * @param augmentation of the training examples
   * @throws InputException if it cannot be applied to these examples
   */
  OnDevice on(Device device, Augmentation augmentation);

  /**
   * A dataset on a device. Its holder closes it.
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
