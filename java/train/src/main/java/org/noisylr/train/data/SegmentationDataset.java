package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;

/**
 * A dataset for semantic segmentation: images with a class for each pixel.
 *
 * @param name the name of the dataset in reports
 * @param classNames the class with index i is {@code classNames.get(i)}
 * @param train training images
 * @param test test images of the same size
 */
public record SegmentationDataset(
    String name, List<String> classNames, SegmentationSet train, SegmentationSet test)
    implements Dataset {
  /**
   * Validates the values.
   *
   * @throws InputException if a mask has a value without a class, or the two sets differ in size
   */
  public SegmentationDataset {
    classNames = List.copyOf(classNames);
    Labels.checkMask(name + ", training masks", train.masks(), classNames.size());
    Labels.checkMask(name + ", test masks", test.masks(), classNames.size());
    if (train.height() != test.height() || train.width() != test.width()) {
      throw new InputException(
          "%s: test images must be %d x %d (height x width) like the training images, but are %d x %d"
              .formatted(name, train.height(), train.width(), test.height(), test.width()));
    }
  }

  @Override
  public Kind kind() {
    return Kind.SEGMENTATION;
  }

  @Override
  public SegmentationDataset subset(int trainImages, int testImages) {
    train.checkCount("subset", trainImages);
    test.checkCount("test subset", testImages);
    return new SegmentationDataset(
        name,
        classNames,
        train.select(ExampleSet.first(trainImages)),
        test.select(ExampleSet.first(testImages)));
  }

  @Override
  public Split split(int[] kept, int[] held) {
    SegmentationSet rest = train.select(kept);
    return new Split(
        new SegmentationDataset(name, classNames, rest, test),
        new SegmentationDataset(name, classNames, rest, train.select(held)));
  }

  @Override
  public Preprocessing.Images preprocessing() {
    return Normalization.of(train).preprocessing(train.height(), train.width(), null);
  }

  @Override
  public Examples testOn(Device device, Preprocessing preprocessing) {
    Preprocessing.Images images = preprocessing().sameShape(preprocessing, name);
    return new DeviceSegmentation(
        test, classNames.size(), images.normalization(), Augmentation.NONE, device);
  }

  @Override
  public OnDevice on(Device device, Augmentation augmentation) {
    check(augmentation);
    Normalization normalization = Normalization.of(train);
    int classes = classNames.size();
    return new OnDevice(
        new DeviceSegmentation(train, classes, normalization, augmentation, device),
        new DeviceSegmentation(test, classes, normalization, Augmentation.NONE, device));
  }
}
