package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImageDatasetTest {
  private static final ImageSet THREE =
      new ImageSet(new byte[] {1, 2, 3, 4, 5, 6}, new int[] {0, 1, 0}, 1, 1, 2);

  @Test
  void countsImages() {
    assertThat(THREE.count()).isEqualTo(3);
  }

  @Test
  void selectedImagesAreInTheGivenOrder() {
    ImageSet selected = THREE.select(new int[] {2, 0});
    assertThat(selected.pixels()).containsExactly(5, 6, 1, 2);
    assertThat(selected.labels()).containsExactly(THREE.labels()[2], THREE.labels()[0]);
    assertThat(List.of(selected.channels(), selected.height(), selected.width()))
        .containsExactly(1, 1, 2);
    assertThat(THREE.select(ExampleSet.first(2)).pixels()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void setsAreValidated() {
    byte[] four = new byte[4];
    int[] one = {0};
    assertRejected(() -> new ImageSet(four, one, 0, 2, 2), "channels must be at least 1, but is 0");
    assertRejected(() -> new ImageSet(four, one, 1, -2, 2), "height must be at least 1, but is -2");
    assertRejected(() -> new ImageSet(four, one, 1, 2, 0), "width must be at least 1, but is 0");
    assertRejected(
        () -> new ImageSet(four, new int[0], 1, 2, 2),
        "number of images must be at least 1, but is 0");
    assertRejected(
        () -> new ImageSet(four, new int[] {-1}, 1, 2, 2), "label must be at least 0, but is -1");
    assertRejected(
        () -> new ImageSet(four, one, 3, 2, 2), "pixels must have 1 x 3 x 2 x 2 bytes, but have 4");
  }

  @Test
  void sizesThatOverflowAreRejected() {
    assertRejected(
        () -> new ImageSet(new byte[0], new int[] {0}, 1, 1 << 16, 1 << 16),
        "pixels must have 1 x 1 x 65536 x 65536 bytes, but have 0");
  }

  @Test
  void subsetTakesTheFirstExamplesOfBothSets() {
    ImageDataset subset = new ImageDataset("d", List.of("a", "b"), THREE, THREE).subset(1, 3);
    assertThat(subset.train().pixels()).containsExactly(1, 2);
    assertThat(subset.test().pixels()).isEqualTo(THREE.pixels());
    assertThat(subset.name()).isEqualTo("d");
    assertThat(subset.classNames()).containsExactly("a", "b");
    ImageDataset fewer = new ImageDataset("d", List.of("a", "b"), THREE, THREE).subset(3, 2);
    assertThat(fewer.train().pixels()).isEqualTo(THREE.pixels());
    assertThat(fewer.test().pixels()).hasSize(4);
  }

  @Test
  void subsetRejectsNumbersOutOfRange() {
    ImageDataset data = new ImageDataset("d", List.of("a", "b"), THREE, THREE);
    assertRejected(() -> data.subset(0, 1), "subset must be in [1, 3], but is 0");
    assertRejected(() -> data.subset(4, 1), "subset must be in [1, 3], but is 4");
    assertRejected(() -> data.subset(1, 4), "test subset must be in [1, 3], but is 4");
  }

  @Test
  void datasetsAreValidated() {
    assertRejected(
        () -> new ImageDataset("d", List.of("a"), THREE, THREE),
        "d, training images: label number 1 must be in [0, 0], but is 1");
    assertRejected(
        () -> new ImageDataset("d", List.of("a"), THREE.select(ExampleSet.first(1)), THREE),
        "d, test images: label number 1 must be in [0, 0], but is 1");
    assertRejected(
        () -> new ImageDataset("d", List.of("a", "a"), THREE, THREE),
        "d: class names must be distinct, but are [a, a]");
    ImageSet tall = new ImageSet(new byte[] {1, 2}, new int[] {0}, 1, 2, 1);
    assertRejected(
        () -> new ImageDataset("d", List.of("a", "b"), THREE, tall),
        "d: test images must be 1 x 1 x 2 (channels x height x width) like the training images,"
            + " but are 1 x 2 x 1");
  }
}
