package org.noisylr.train.data;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.metric.Metric;

/** Labelled examples to train on and to test with. */
public sealed interface Dataset permits ImageDataset, SegmentationDataset, TextDataset {
  /** What the examples of a dataset are. */
  enum Kind {
    /** Images with one class each. They can be cropped and mirrored. */
    IMAGES("images", Metric.ACCURACY, true, true, false),
    /** Images with a class for each pixel. They can be mirrored and zoomed. */
    SEGMENTATION("segmentation images", Metric.MEAN_IOU, false, true, true),
    /** Texts with one class each. */
    TEXTS("texts", Metric.ACCURACY, false, false, false);

    private final String text;
    private final Metric metric;
    private final boolean crop;
    private final boolean mirror;
    private final boolean zoom;

    Kind(String text, Metric metric, boolean crop, boolean mirror, boolean zoom) {
      this.text = text;
      this.metric = metric;
      this.crop = crop;
      this.mirror = mirror;
      this.zoom = zoom;
    }

    /** Returns the plural noun for messages. */
    @Override
    public String toString() {
      return text;
    }
  }

  /** Returns the name of the dataset in reports. */
  String name();

  /** Returns the kind of the examples. */
  Kind kind();

  /** Returns the names of the classes: that of class i is {@code classNames().get(i)}. */
  List<String> classNames();

  /** Returns the training examples. */
  ExampleSet train();

  /** Returns the test examples. */
  ExampleSet test();

  /** Returns the number of training examples. */
  default int trainCount() {
    return train().count();
  }

  /** Returns the number of test examples. */
  default int testCount() {
    return test().count();
  }

  /** Returns the metric for predictions on these examples. */
  default Metric metric() {
    return kind().metric;
  }

  /**
   * Returns a dataset of the first examples in stored order.
   *
   * @param train in [1, {@link #trainCount}]
   * @param test in [1, {@link #testCount}]
   * @throws InputException if a number is outside its interval
   */
  Dataset subset(int train, int test);

  /**
   * A dataset whose training examples are divided.
   *
   * @param dataset with the training examples that are left
   * @param validation the held-out examples, as its test examples; null for none
   */
  record Split(Dataset dataset, Dataset validation) {}

  /** Divides the training examples by their indices. */
  Split split(int[] kept, int[] held);

  /**
   * Holds out training examples to choose an epoch by. Each class gives the same share, at even
   * distances in stored order, so that all runs hold out the same examples.
   *
   * @param fraction in (0, 1); null to hold out none
   * @throws InputException if no example is held out, or none is left
   */
  default Split holdOut(Double fraction) {
    if (fraction == null) {
      return new Split(this, null);
    }
    int[] labels = train().labels();
    Map<Integer, Integer> ranks = new HashMap<>();
    Map<Boolean, List<Integer>> parts =
        IntStream.range(0, labels.length)
            .boxed()
            .collect(
                Collectors.partitioningBy(
                    i -> {
                      int rank = ranks.merge(labels[i], 1, Integer::sum);
                      return Math.floor(rank * fraction) > Math.floor((rank - 1) * fraction);
                    }));
    if (parts.values().stream().anyMatch(List::isEmpty)) {
      throw Check.invalid(
          "validation",
          fraction,
          "a fraction that holds out one or more of the %d training examples and leaves one"
              .formatted(trainCount()));
    }
    return split(indices(parts.get(false)), indices(parts.get(true)));
  }

  private static int[] indices(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Checks that an augmentation can be applied to the training examples.
   *
   * @throws InputException if it cannot
   */
  default void check(Augmentation augmentation) {
    String required = null;
    if (augmentation.padding() != 0 && !kind().crop) {
      required = "have padding 0 for the %s of %s, but has " + augmentation.padding();
    } else if (augmentation.mirror() && !kind().mirror) {
      required = "not mirror the %s of %s";
    } else if (augmentation.zoom() != 1 && !kind().zoom) {
      required = "have zoom 1 for the %s of %s, but has " + augmentation.zoom();
    }
    if (required != null) {
      throw InputException.of("augmentation", "must " + required.formatted(kind(), name()));
    }
  }

  /** Returns how a model that is trained on these training examples takes its inputs. */
  Preprocessing preprocessing();

  /**
   * Copies the test examples to a device, for a model that was trained on other examples.
   *
   * @param preprocessing of the model
   * @throws InputException if the examples have another form
   */
  Examples testOn(Device device, Preprocessing preprocessing);

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
   * @param validation to choose an epoch by; null for none
   */
  record OnDevice(Examples train, Examples test, Examples validation) implements AutoCloseable {
    /** Examples without a validation set. */
    public OnDevice(Examples train, Examples test) {
      this(train, test, null);
    }

    @Override
    public void close() {
      train.close();
      test.close();
      if (validation != null) {
        validation.close();
      }
    }
  }
}
