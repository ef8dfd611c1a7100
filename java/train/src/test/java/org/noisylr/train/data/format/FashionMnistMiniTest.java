package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;

class FashionMnistMiniTest {
  private final ImageDataset data =
      (ImageDataset) Datasets.open("fashion-mnist-mini", Path.of("an unused data home"));

  @Test
  void has6000And1000GreyImages() {
    assertThat(data.name()).isEqualTo("fashion-mnist-mini");
    assertThat(data.classNames()).hasSize(10).startsWith("T-shirt/top").endsWith("Ankle boot");
    assertThat(data.train().count()).isEqualTo(6000);
    assertThat(data.test().count()).isEqualTo(1000);
    assertThat(List.of(data.train().channels(), data.train().height(), data.train().width()))
        .containsExactly(1, 28, 28);
  }

  @Test
  void isBalanced() {
    assertThat(countByClass(data.train())).containsOnly(600);
    assertThat(countByClass(data.test())).containsOnly(100);
  }

  /** The mean is 100 per class; ±40 is more than four standard deviations. */
  @Test
  void aPrefixIsRoughlyBalanced() {
    assertThat(Arrays.stream(countByClass(data.subset(1000, 1000).train())))
        .allMatch(n -> n >= 60 && n <= 140);
  }

  @Test
  void hasThePublishedPixels() throws Exception {
    assertThat(sha256(data.train().pixels()))
        .isEqualTo("eb2dd6dd259d9d70c3933c5d10313d8eb50ad8946f53e1c7a6ba1c210f1701b3");
    assertThat(sha256(data.test().pixels()))
        .isEqualTo("8933c1e3b90e541dbf94fb7a4c506f6eafd3335ce667457ee282d8cbd821ecfd");
    assertThat(Arrays.copyOf(data.train().labels(), 10))
        .containsExactly(3, 9, 7, 7, 4, 0, 1, 6, 6, 8);
    assertThat(Arrays.copyOf(data.test().labels(), 10))
        .containsExactly(4, 5, 1, 6, 7, 4, 9, 8, 4, 8);
  }

  @Test
  void includesLicenceAndOrigin() throws Exception {
    assertThat(text("LICENSE")).contains("MIT License", "Zalando SE");
    assertThat(text("README.md")).contains("MIT", "Zalando SE", "dataset-fashion-mnist");
  }

  private static int[] countByClass(ImageSet set) {
    int[] counts = new int[10];
    for (int label : set.labels()) {
      counts[label]++;
    }
    return counts;
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String text(String file) throws Exception {
    try (InputStream in = Dataset.class.getResourceAsStream("fashion-mnist-mini/" + file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
