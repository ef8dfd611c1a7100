package org.noisylr.train.data;

import java.util.HashSet;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.metric.Metric;

/**
 * Images to train on and images to test with.
 *
 * @param name what the dataset is called in reports
 * @param classNames distinct names; the class with index i is {@code classNames.get(i)}
 * @param train training images
 * @param test test images, of the same shape as the training images
 */
public record ImageDataset(String name, List<String> classNames, ImageSet train, ImageSet test)
    implements Dataset {
  /**
   * Validates the values.
   *
   * @throws InputException if class names repeat, a label has no class name, or the two sets differ
   *     in shape
   */
  public ImageDataset {
    classNames = List.copyOf(classNames);
    if (new HashSet<>(classNames).size() != classNames.size()) {
      throw new InputException(name + ": class names must be distinct, but are " + classNames);
    }
    Labels.check(name + ", training images", train.labels(), classNames.size());
    Labels.check(name + ", test images", test.labels(), classNames.size());
    if (!shape(train).equals(shape(test))) {
      throw new InputException(
          "%s: test images must be %s (channels x height x width) like the training images, but are %s"
              .formatted(name, shape(train), shape(test)));
    }
  }

  @Override
  public int trainCount() {
    return train.count();
  }

  @Override
  public int testCount() {
    return test.count();
  }

  @Override
  public Metric metric() {
    return Metric.ACCURACY;
  }

  @Override
  public ImageDataset subset(int trainImages, int testImages) {
    Check.within("subset", trainImages, 1, trainCount());
    Check.within("test subset", testImages, 1, testCount());
    return new ImageDataset(name, classNames, train.first(trainImages), test.first(testImages));
  }

  @Override
  public void check(Augmentation augmentation) {
    if (augmentation.zoom() != 1) {
      throw InputException.of(
          "augmentation",
          "must not zoom, for %s has no classes of pixels, but zooms by %s"
              .formatted(name, augmentation.zoom()));
    }
  }

  @Override
  public OnDevice on(Device device, Augmentation augmentation) {
    check(augmentation);
    Normalization normalization = Normalization.of(train);
    return new OnDevice(
        new DeviceImages(train, classNames.size(), normalization, augmentation, device),
        new DeviceImages(test, classNames.size(), normalization, Augmentation.NONE, device));
  }

  private static String shape(ImageSet set) {
    return set.channels() + " x " + set.height() + " x " + set.width();
  }
}
