package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.png;

import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class ResizerTest {
  /** The generator of src/test/python/pytorch_resize.py, which is Java's SplittableRandom. */
  private static byte[] samples(int count) {
    SplittableRandom random = new SplittableRandom(count);
    byte[] samples = new byte[count];
    for (int i = 0; i < count; i++) {
      samples[i] = (byte) random.nextLong();
    }
    return samples;
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/pytorch-resize.csv", numLinesToSkip = 1, maxCharsPerColumn = 10_000)
  void imagesEqualPyTorchsByteForByte(
      int width, int height, int channels, int side, String expected) {
    byte[] image = png(width, height, samples(channels * width * height));
    try (Resizer resizer = new Resizer(side)) {
      ImageDecoder.Decoded resized = resizer.decode("x", image);
      assertThat(resized.size()).isEqualTo(new ImageDecoder.Size(side, side));
      assertThat(resized.planes()).isEqualTo(HexFormat.of().parseHex(expected));
    }
  }

  @Test
  void imagesWithManyTimesLongerSidesAreRejected() {
    try (Resizer resizer = new Resizer(8)) {
      assertThat(resizer.decode("x", png(64, 2, samples(128))).planes()).hasSize(64);
      assertRejected(
          () -> resizer.decode("x", png(2, 65, samples(130))),
          "x must have a longer side of at most 32 times the shorter to be resized, but has 2 x 65 pixels");
    }
  }

  @Test
  void imagesWithLongSidesAreResized() {
    try (Resizer resizer = new Resizer(8)) {
      assertThat(resizer.decode("x", png(8192, 256, new byte[8192 * 256])).planes()).hasSize(64);
      assertRejected(
          () -> resizer.decode("x", png(8193, 300, new byte[8193 * 300])),
          "x: width must be in [1, 8192], but is 8193");
    }
  }
}
