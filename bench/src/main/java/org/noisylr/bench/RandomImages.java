package org.noisylr.bench;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.noisylr.train.data.ExampleSet;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.run.ModelName;

/** Images of random pixels, equal in every run. */
final class RandomImages {
  private static final int CLASSES = 10;

  private RandomImages() {}

  /**
   * Returns {@code count} training images of the model's shape, and the first of them for testing.
   */
  static ImageDataset of(ModelName model, int count) {
    int channels = model.images().channels();
    int size = model.images().size();
    Random random = new Random(1);
    byte[] pixels = new byte[count * channels * size * size];
    random.nextBytes(pixels);
    ImageSet images =
        new ImageSet(pixels, random.ints(count, 0, CLASSES).toArray(), channels, size, size);
    List<String> classNames = IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
    return new ImageDataset(
        "random images", classNames, images, images.select(ExampleSet.first(1)));
  }
}
