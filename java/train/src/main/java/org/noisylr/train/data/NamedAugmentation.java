package org.noisylr.train.data;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The augmentations that have a name on the command line and in experiment files. */
public enum NamedAugmentation {
  /** The usual one for the data. */
  AUTO(null),
  /** {@link Augmentation#NONE}. */
  NONE(Augmentation.NONE),
  /** {@link Augmentation#CROP}. */
  CROP(Augmentation.CROP),
  /** {@link Augmentation#CROP_MIRROR}. */
  CROP_MIRROR(Augmentation.CROP_MIRROR),
  /** {@link Augmentation#ZOOM_MIRROR}. */
  ZOOM_MIRROR(Augmentation.ZOOM_MIRROR);

  private final Augmentation augmentation;

  NamedAugmentation(Augmentation augmentation) {
    this.augmentation = augmentation;
  }

  /**
   * Returns the augmentation. {@link #AUTO} stands for zoom and mirror images for segmentation,
   * crop and mirror images for colour images with one class each, and none for other data.
   */
  public Augmentation of(Dataset data) {
    if (this != AUTO) {
      return augmentation;
    }
    if (data instanceof SegmentationDataset) {
      return Augmentation.ZOOM_MIRROR;
    }
    return data instanceof ImageDataset images && images.train().channels() == 3
        ? Augmentation.CROP_MIRROR
        : Augmentation.NONE;
  }

  /** Returns the name of an augmentation; empty if it has none. */
  public static Optional<NamedAugmentation> named(Augmentation augmentation) {
    return Stream.of(values()).filter(name -> augmentation.equals(name.augmentation)).findFirst();
  }

  /** Returns the name on the command line and in files. */
  @Override
  @JsonValue
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
