package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final int N = 4000;
  private static final BatchPart ALL = BatchPart.whole(N);
  private static final int H = 5;
  private static final int W = 7;

  /** Every image has the values 1 … 2·H·W, so that each value identifies its pixel. */
  private static Tensor images() {
    return torch
        .arange(new Scalar(2.0 * H * W))
        .add(new Scalar(1))
        .to(torch.ScalarType.Byte)
        .view(1, 2, H, W)
        .expand(N, 2, H, W)
        .contiguous();
  }

  @Test
  void withoutPaddingAndMirrorTheSameBatchIsReturned() {
    Tensor images = images();
    assertThat(Augmentation.NONE.apply(images, ALL)).isSameAs(images);
  }

  @Test
  void everyImageIsAShiftedOrMirroredCopyAndAllCasesAreEquallyLikely() {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(3);
      int padding = 2;
      Tensor images = images();
      Tensor changed = new Augmentation(padding, true, 1).apply(images, ALL);
      assertThat(changed.shape()).containsExactly(N, 2, H, W);
      assertThat(changed.scalar_type().intern()).isEqualTo(torch.ScalarType.Byte);
      assertThat(images.equal(images())).as("the batch is unchanged").isTrue();

      byte[] pixels = bytes(changed);
      Map<String, Integer> cases = new HashMap<>();
      for (int n = 0; n < N; n++) {
        cases.merge(caseOf(pixels, n, padding), 1, Integer::sum);
      }
      // 5 × 5 shifts, mirrored or not; each is binomial with p = 1/50, mean 80 and std 8.9.
      assertThat(cases).hasSize(50);
      cases.forEach((shift, count) -> assertThat(count).isCloseTo(N / 50, within(45)));
    }
  }

  /** Finds the shift and mirroring that match all pixels of both channels. */
  private static String caseOf(byte[] pixels, int n, int padding) {
    for (int dy = -padding; dy <= padding; dy++) {
      for (int dx = -padding; dx <= padding; dx++) {
        for (boolean mirrored : new boolean[] {false, true}) {
          if (matches(pixels, n, dy, dx, mirrored)) {
            return dy + "," + dx + "," + mirrored;
          }
        }
      }
    }
    throw new AssertionError("image " + n + " is not a shifted copy");
  }

  private static boolean matches(byte[] pixels, int n, int dy, int dx, boolean mirrored) {
    for (int c = 0; c < 2; c++) {
      for (int i = 0; i < H; i++) {
        for (int j = 0; j < W; j++) {
          int y = i + dy;
          int x = (mirrored ? W - 1 - j : j) + dx;
          boolean inside = y >= 0 && y < H && x >= 0 && x < W;
          int expected = inside ? 1 + (c * H + y) * W + x : 0;
          if ((pixels[((n * 2 + c) * H + i) * W + j] & 0xff) != expected) {
            return false;
          }
        }
      }
    }
    return true;
  }

  @Test
  void cropAloneNeverMirrors() {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(4);
      byte[] pixels = bytes(new Augmentation(1, false, 1).apply(images(), ALL));
      for (int n = 0; n < 500; n++) {
        assertThat(caseOf(pixels, n, 1)).endsWith("false");
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameImages() {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(5);
      Tensor first = Augmentation.CROP_MIRROR.apply(images(), ALL);
      torch.manual_seed(5);
      assertThat(Augmentation.CROP_MIRROR.apply(images(), ALL).equal(first)).isTrue();
    }
  }

  @Test
  void anExampleIsChangedInTheSameWayInEveryPartOfTheBatch() {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(6);
      Tensor whole = Augmentation.CROP_MIRROR.apply(images(), ALL);
      for (int rank = 0; rank < 3; rank++) {
        BatchPart part = BatchPart.of(N, rank, 3);
        torch.manual_seed(6);
        assertThat(Augmentation.CROP_MIRROR.apply(part.of(images()), part).equal(part.of(whole)))
            .isTrue();
      }
    }
  }

  @Test
  void paddingIsNotNegative() {
    assertThatThrownBy(() -> new Augmentation(-1, false, 1))
        .hasMessage("padding must be at least 0, but is -1");
  }

  private static byte[] bytes(Tensor tensor) {
    byte[] bytes = new byte[(int) tensor.numel()];
    new BytePointer(tensor.contiguous().data_ptr()).get(bytes);
    return bytes;
  }

  /** The corners [x0, y0, x1, y1] of the window from which each image of a batch is sampled. */
  private static double[][] windows(Augmentation augmentation, int n, int side) {
    try (PointerScope scope = new PointerScope()) {
      Tensor grid =
          augmentation.grid(new long[] {n, 3, side, side}, BatchPart.whole(n), new Device("cpu"));
      float[] values = new float[(int) grid.numel()];
      new FloatPointer(grid.contiguous().data_ptr()).get(values);
      double[][] windows = new double[n][4];
      for (int i = 0; i < n; i++) {
        int first = i * side * side * 2;
        int last = first + side * side * 2 - 2;
        // Pixel centres are half a pixel inside the window.
        double marginX = (values[last] - values[first]) / (2.0 * (side - 1));
        double marginY = (values[last + 1] - values[first + 1]) / (2.0 * (side - 1));
        windows[i][0] = values[first] - marginX;
        windows[i][1] = values[first + 1] - marginY;
        windows[i][2] = values[last] + marginX;
        windows[i][3] = values[last + 1] + marginY;
      }
      return windows;
    }
  }

  @Test
  void zoomedWindowsAreSquareAndWithinOrAroundTheImage() {
    torch.manual_seed(3);
    int mirrored = 0;
    int smaller = 0;
    double least = 9;
    double greatest = 0;
    double spread = 0;
    int n = 2000;
    for (double[] w : windows(Augmentation.ZOOM_MIRROR, n, 8)) {
      double sideX = Math.abs(w[2] - w[0]) / 2;
      double sideY = (w[3] - w[1]) / 2;
      assertThat(sideX).isCloseTo(sideY, within(1e-5));
      double left = Math.min(w[0], w[2]);
      double right = Math.max(w[0], w[2]);
      if (sideY <= 1) {
        smaller++;
        assertThat(left).isGreaterThan(-1 - 1e-5);
        assertThat(right).isLessThan(1 + 1e-5);
        assertThat(w[1]).isGreaterThan(-1 - 1e-5);
        assertThat(w[3]).isLessThan(1 + 1e-5);
      } else {
        assertThat(left).isLessThan(-1 + 1e-5);
        assertThat(right).isGreaterThan(1 - 1e-5);
        assertThat(w[1]).isLessThan(-1 + 1e-5);
        assertThat(w[3]).isGreaterThan(1 - 1e-5);
      }
      mirrored += w[0] > w[2] ? 1 : 0;
      least = Math.min(least, sideY);
      greatest = Math.max(greatest, sideY);
      spread = Math.max(spread, Math.abs((left + right) / 2));
    }
    // Sides are 2^-u with u uniform in [-1, 1]; the extremes of 2,000 are close to 1/2 and 2.
    assertThat(least).isBetween(0.4999, 0.51);
    assertThat(greatest).isBetween(1.96, 2.0001);
    assertThat(spread).isGreaterThan(0.7);
    // Five standard deviations of a binomial with n = 2,000 and p = 1/2.
    assertThat(mirrored).isBetween(888, 1112);
    assertThat(smaller).isBetween(888, 1112);
  }

  @Test
  void withoutZoomAndMirrorTheWindowIsTheImage() {
    for (double[] w : windows(Augmentation.NONE, 3, 5)) {
      assertThat(w[0]).isCloseTo(-1, within(1e-6));
      assertThat(w[1]).isCloseTo(-1, within(1e-6));
      assertThat(w[2]).isCloseTo(1, within(1e-6));
      assertThat(w[3]).isCloseTo(1, within(1e-6));
    }
  }
}
