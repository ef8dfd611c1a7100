package org.noisylr.torch;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class LibTorchTest {
  @Test
  void anotherVersionIsNamed() {
    LibTorch.load();
    String config = torch.show_config().getString();
    assertThatCode(() -> LibTorch.checkVersion(config)).doesNotThrowAnyException();
    assertThatThrownBy(
            () ->
                LibTorch.checkVersion(
                    config.replaceAll("TORCH_VERSION=[^,]+", "TORCH_VERSION=2.10.0")))
        .isInstanceOf(UnsatisfiedLinkError.class)
        .hasMessageMatching(
            "org.bytedeco:pytorch must be of LibTorch [\\d.]+, but is of 2.10.0: remove or change"
                + " the entry of pytorch or pytorch-platform in your build");
  }
}
