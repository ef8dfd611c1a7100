package org.noisylr.bench;

import java.util.Random;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.run.ModelName;

/** Images without content, the same in every run: only their shape matters here. */
final class RandomImages {
  static final int CLASSES = 10;

  private RandomImages() {}

  /** As many images of the shape that the model takes. */
  static ImageSet of(ModelName model, int count) {
    int channels = model.channels();
    int size = model.size();
    Random random = new Random(1);
    byte[] pixels = new byte[count * channels * size * size];
    random.nextBytes(pixels);
    return new ImageSet(pixels, random.ints(count, 0, CLASSES).toArray(), channels, size, size);
  }
}
