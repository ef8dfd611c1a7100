package org.noisylr.train.data;

import java.util.HashSet;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * A dataset of images with one class each.
 *
 * @param name the name of the dataset in reports
 * @param classNames distinct names; the class with index i is {@code classNames.get(i)}
 * @param train training images
 * @param test test images of the same shape
 * @param resize the width and height that the images were resized to, see {@link
 *     org.noisylr.train.data.format.ImageFolder}; null if they have their own size
 */
public record ImageDataset(
    String name, List<String> classNames, ImageSet train, ImageSet test, Integer resize)
    implements Dataset {
  private static final int MIN_RESIZE = 8;
  private static final int MAX_RESIZE = 512;

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

  /**
   * Checks the size of resized images.
   *
   * @param resize null for none
   * @throws InputException if it is not in [8, 512]
   */
  public static void checkResize(Integer resize) {
    if (resize != null) {
      Check.within("resize", (long) resize, MIN_RESIZE, MAX_RESIZE);
    }
  }

  /** Creates a dataset of images with their own size. */
  public ImageDataset(String name, List<String> classNames, ImageSet train, ImageSet test) {
    this(name, classNames, train, test, null);
  }

  private static String shape(ImageSet set) {
    return set.channels() + " x " + set.height() + " x " + set.width();
  }

  @Override
  public Kind kind() {
    return Kind.IMAGES;
  }

  @Override
  public ImageDataset subset(int trainImages, int testImages) {
    train.checkCount("subset", trainImages);
    test.checkCount("test subset", testImages);
    return new ImageDataset(
        name,
        classNames,
        train.select(ExampleSet.first(trainImages)),
        test.select(ExampleSet.first(testImages)),
        resize);
  }

  @Override
  public Split split(int[] kept, int[] held) {
    ImageSet rest = train.select(kept);
    return new Split(
        new ImageDataset(name, classNames, rest, test, resize),
        new ImageDataset(name, classNames, rest, train.select(held), resize));
  }

  @Override
  public Preprocessing.Images preprocessing() {
    return Normalization.of(train).preprocessing(train.height(), train.width(), resize);
  }

  @Override
  public Examples testOn(Device device, Preprocessing preprocessing) {
    Preprocessing.Images images = preprocessing().sameShape(preprocessing, name);
    return new DeviceImages(
        test, classNames.size(), images.normalization(), Augmentation.NONE, device);
  }

  @Override
  public OnDevice on(Device device, Augmentation augmentation) {
    check(augmentation);
    Normalization normalization = Normalization.of(train);
    int classes = classNames.size();
    return new OnDevice(
        new DeviceImages(train, classes, normalization, augmentation, device),
        new DeviceImages(test, classes, normalization, Augmentation.NONE, device));
  }
}
