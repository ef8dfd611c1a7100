package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.noisylr.train.metric.Metric;

class SegmentationDatasetTest {
  private static final Device CPU = new Device("cpu");
  private static final int SIDE = 16;
  private static final byte NONE = SegmentationSet.VOID;

  /** Red and the class, 0 … 15, grow from left to right; the last row has no class. */
  private static SegmentationSet ramp(int count) {
    byte[] pixels = new byte[3 * count * SIDE * SIDE];
    byte[] masks = new byte[count * SIDE * SIDE];
    for (int i = 0; i < masks.length; i++) {
      int image = i / (SIDE * SIDE);
      masks[i] = i / SIDE % SIDE == SIDE - 1 ? NONE : (byte) (i % SIDE);
      pixels[image * 3 * SIDE * SIDE + i % (SIDE * SIDE)] = (byte) (10 * (i % SIDE));
    }
    return new SegmentationSet(pixels, masks, SIDE, SIDE);
  }

  private static SegmentationDataset dataset(int count) {
    List<String> names = IntStream.range(0, 16).mapToObj(i -> "c" + i).toList();
    return new SegmentationDataset("ramp", names, ramp(count), ramp(count));
  }

  private static long[] longs(Tensor tensor) {
    long[] values = new long[(int) tensor.numel()];
    new LongPointer(tensor.contiguous().data_ptr()).get(values);
    return values;
  }

  private static Tensor indices(int n) {
    return Tensor.create(LongStream.range(0, n).toArray(), n);
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    new FloatPointer(tensor.contiguous().data_ptr()).get(values);
    return values;
  }

  @Test
  void evaluationUsesUnchangedImagesAndIgnoresVoid() {
    try (PointerScope scope = new PointerScope();
        Dataset.OnDevice data = dataset(2).on(CPU, Augmentation.ZOOM_MIRROR)) {
      Batch batch = data.test().evaluation(1, 1);
      long[] targets = longs(batch.targets());
      assertThat(batch.targets().shape()).containsExactly(1, SIDE, SIDE);
      assertThat(Arrays.copyOf(targets, SIDE))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      assertThat(Arrays.copyOfRange(targets, SIDE * (SIDE - 1), SIDE * SIDE)).containsOnly(-100);
      // 0, 10, …, 150 have mean 75 and standard deviation 10 * sqrt((16² - 1) / 12).
      float[] inputs = floats(batch.inputs());
      assertThat(inputs[3])
          .isCloseTo((float) ((30 - 75) / (10 * Math.sqrt(255 / 12.0))), within(1e-5f));
      assertThat(inputs[SIDE * SIDE]).isZero();
    }
  }

  /**
   * Zoom and mirror move images and masks together: up to interpolation, each class keeps its
   * colour. Outside the image are the mean colour and no class.
   */
  @Test
  void coloursAndClassesMoveTogether() {
    int n = 64;
    torch.manual_seed(5);
    try (PointerScope scope = new PointerScope();
        Dataset.OnDevice data = dataset(n).on(CPU, Augmentation.ZOOM_MIRROR)) {
      Tensor all = indices(n);
      Batch batch = data.train().training(all);
      assertThat(batch.inputs().shape()).containsExactly(n, 3, SIDE, SIDE);
      long[] classes = longs(batch.targets());
      float[] inputs = floats(batch.inputs());
      double std = 10 * Math.sqrt(255 / 12.0);
      int mirrored = 0;
      int outside = 0;
      for (int image = 0; image < n; image++) {
        double slope = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
          long c = classes[image * SIDE * SIDE + i];
          double red = inputs[image * 3 * SIDE * SIDE + i] * std + 75;
          if (c == -100) {
            outside++;
            continue;
          }
          if (c > 0 && c < 15 && i / SIDE > 2 && i / SIDE < 13) {
            // At most half a pixel of the original, plus the fall towards the mean at the border.
            assertThat(red)
                .as("image %d, pixel %d", image, i)
                .isBetween(10 * c - 41.0, 10 * c + 41.0);
          }
          if (i % SIDE > 0 && classes[image * SIDE * SIDE + i - 1] >= 0) {
            slope += c - classes[image * SIDE * SIDE + i - 1];
          }
        }
        mirrored += slope < 0 ? 1 : 0;
      }
      // Binomial(64, 1/2): below 16 or above 48 has a probability under 1e-4.
      assertThat(mirrored).isBetween(16, 48);
      assertThat(outside).isGreaterThan(n * SIDE);
    }
  }

  @Test
  void withoutAugmentationTrainingUsesUnchangedImages() {
    try (PointerScope scope = new PointerScope();
        Dataset.OnDevice data = dataset(2).on(CPU, Augmentation.NONE)) {
      Tensor second = Tensor.create(new long[] {1}, 1);
      Batch batch = data.train().training(second);
      Batch same = data.train().evaluation(1, 1);
      assertThat(batch.inputs().equal(same.inputs())).isTrue();
      assertThat(batch.targets().equal(same.targets())).isTrue();
    }
  }

  @Test
  void mirroringAloneIsExactForMasks() {
    torch.manual_seed(1);
    try (PointerScope scope = new PointerScope();
        Dataset.OnDevice data = dataset(8).on(CPU, new Augmentation(0, true, 1))) {
      Tensor all = indices(8);
      long[] classes = longs(data.train().training(all).targets());
      for (int image = 0; image < 8; image++) {
        long[] row = Arrays.copyOfRange(classes, image * SIDE * SIDE, image * SIDE * SIDE + SIDE);
        long first = row[0];
        assertThat(first).isIn(0L, 15L);
        for (int i = 0; i < SIDE; i++) {
          assertThat(row[i]).isEqualTo(first == 0 ? i : 15 - i);
        }
      }
    }
  }

  @Test
  void subsetsAndScore() {
    SegmentationDataset few = dataset(4).subset(2, 1);
    assertThat(few.trainCount()).isEqualTo(2);
    assertThat(few.testCount()).isEqualTo(1);
    assertThat(few.metric()).isEqualTo(Metric.MEAN_IOU);
    assertRejected(() -> few.subset(3, 1), "subset must be in [1, 2], but is 3");
    assertRejected(() -> few.subset(1, 2), "test subset must be in [1, 1], but is 2");
  }

  @Test
  void impossibleValuesAreRejected() {
    assertRejected(
        () -> dataset(1).on(CPU, Augmentation.CROP),
        "augmentation must have padding 0 for the segmentation images of ramp, but has 4");
    assertRejected(
        () -> new SegmentationSet(new byte[3], new byte[] {NONE}, 1, 1),
        "mask number 0 must have a class for at least one pixel, but has none");
    assertRejected(
        () -> new SegmentationSet(new byte[6], new byte[3], 1, 2),
        "masks must have N x 1 x 2 bytes and pixels 3 times as many, but have 3 and 6");
    SegmentationSet two = new SegmentationSet(new byte[6], new byte[] {0, 2}, 1, 2);
    assertRejected(
        () -> new SegmentationDataset("d", List.of("a", "b"), two, two),
        "d, training masks must be in [0, 1] or 255, but is 2");
    SegmentationSet wide = new SegmentationSet(new byte[9], new byte[3], 1, 3);
    SegmentationSet narrow = new SegmentationSet(new byte[6], new byte[2], 1, 2);
    assertRejected(
        () -> new SegmentationDataset("d", List.of("a"), wide, narrow),
        "d: test images must be 1 x 3 (height x width) like the training images, but are 1 x 2");
  }
}
