package org.noisylr.torch.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.ResNet.Shortcut;

class ImageModelTest {
  @BeforeEach
  void seed() {
    torch.manual_seed(1);
  }

  @Test
  void parameterCountsEqualThePublishedOnes() {
    try (Cnn28 cnn28 = new Cnn28(1, 10);
        ResNet resNet20 = ResNet.resNet20(3, 10);
        ResNet resNet56 = ResNet.resNet56(3, 10);
        ResNet keras20 = new ResNet(20, Shortcut.PROJECTION, 3, 10);
        ResNet keras56 = new ResNet(56, Shortcut.PROJECTION, 3, 10);
        Vgg16 vgg16 = new Vgg16(3, 10, true, true);
        Vgg16 plainVgg16 = new Vgg16(3, 10, false, false);
        DenseNet denseNet = DenseNet.denseNet40x12(3, 10);
        WideResNet wideResNet = WideResNet.wrn16x8(3, 10);
        SvhnCnn svhnCnn = new SvhnCnn(3, 10)) {
      assertThat(cnn28.parameterCount()).isEqualTo(206_922);
      // He et al. 2016, table 6: 0.27 M and 0.85 M.
      assertThat(resNet20.parameterCount()).isEqualTo(269_722);
      assertThat(resNet56.parameterCount()).isEqualTo(853_018);
      // Keras' model summaries of ResNet20v1 and ResNet56v1: trainable parameters.
      assertThat(keras20.parameterCount()).isEqualTo(273_066);
      assertThat(keras56.parameterCount()).isEqualTo(857_706);
      // Keras' summary of a VGG-16 for CIFAR-10 with batch norm: 15,001,418, of which 2 · 4,736
      // are running statistics.
      assertThat(vgg16.parameterCount()).isEqualTo(15_001_418 - 2 * 4_736);
      assertThat(plainVgg16.parameterCount()).isEqualTo(vgg16.parameterCount() - 2 * 4_736);
      // Huang et al. 2017, table 2: 1.0 M; Zagoruyko & Komodakis 2016, table 4: 11.0 M.
      assertThat(denseNet.parameterCount()).isEqualTo(1_019_722);
      assertThat(wideResNet.parameterCount()).isEqualTo(10_961_370);
      assertThat(svhnCnn.parameterCount()).isEqualTo(308_394);
      assertThat(Tensors.state(resNet20)).hasSize(59 + 3 * 19);
    }
  }

  @Test
  void logitsHaveOneRowPerImageAndOneColumnPerClass() {
    try (PointerScope scope = new PointerScope();
        Cnn28 cnn28 = new Cnn28(1, 7);
        ResNet resNet20 = ResNet.resNet20(3, 100);
        ResNet keras = new ResNet(8, Shortcut.PROJECTION, 1, 2);
        Vgg16 vgg16 = new Vgg16(3, 100, false, true);
        DenseNet denseNet = new DenseNet(7, 4, 3, 100);
        WideResNet wideResNet = new WideResNet(10, 1, 1, 3);
        SvhnCnn svhnCnn = new SvhnCnn(3, 10)) {
      assertThat(cnn28.forward(torch.randn(5, 1, 28, 28)).shape()).containsExactly(5, 7);
      assertThat(resNet20.forward(torch.randn(2, 3, 32, 32)).shape()).containsExactly(2, 100);
      assertThat(keras.forward(torch.randn(3, 1, 32, 32)).shape()).containsExactly(3, 2);
      assertThat(vgg16.forward(torch.randn(2, 3, 32, 32)).shape()).containsExactly(2, 100);
      assertThat(denseNet.forward(torch.randn(2, 3, 32, 32)).shape()).containsExactly(2, 100);
      assertThat(wideResNet.forward(torch.randn(4, 1, 32, 32)).shape()).containsExactly(4, 3);
      assertThat(svhnCnn.forward(torch.randn(2, 3, 32, 32)).shape()).containsExactly(2, 10);
    }
  }

  @Test
  void channelsLastChangesTheLayoutAndNotTheLogits() {
    try (PointerScope scope = new PointerScope();
        ResNet model = ResNet.resNet20(3, 10)) {
      model.eval();
      Tensor images = torch.randn(4, 3, 32, 32);
      Tensor before = model.forward(images).detach();
      model.channelsLast();
      Tensor after = model.forward(images.contiguous(torch.MemoryFormat.ChannelsLast)).detach();
      assertThat(torch.allclose(before, after, 1e-4, 1e-5, false)).isTrue();
      Tensor weight = Tensors.state(model).get("stage1_block1_conv1.weight");
      assertThat(weight.is_contiguous(torch.MemoryFormat.ChannelsLast)).isTrue();
    }
  }

  @Test
  void channelsLastAppliesToOneChannelToo() {
    try (PointerScope scope = new PointerScope();
        Cnn28 model = new Cnn28(1, 10)) {
      model.channelsLast();
      Tensor weight = Tensors.state(model).get("conv1.weight");
      assertThat(weight.stride(1)).isEqualTo(1);
      assertThat(weight.stride(3)).isEqualTo(1);
      assertThat(weight.stride(2)).isEqualTo(3);
      Tensor images = torch.rand(2, 1, 28, 28);
      Tensor last = Tensors.channelsLast(images, torch.ScalarType.Float);
      assertThat(last.stride(1)).isEqualTo(1);
      assertThat(last.stride(2)).isEqualTo(28);
      assertThat(last.equal(images)).isTrue();
    }
  }

  @Test
  void weightsHaveTheVarianceOfHeEtAl() {
    try (PointerScope scope = new PointerScope();
        Cnn28 cnn28 = new Cnn28(1, 10);
        ResNet resNet20 = ResNet.resNet20(3, 10)) {
      Map<String, Tensor> cnn = Tensors.state(cnn28);
      // Of n draws, the variance has a relative standard error of sqrt(2 / n): 4 of them each.
      assertVariance(cnn.get("conv2.weight"), 2.0 / (16 * 9));
      assertVariance(cnn.get("dense1.weight"), 2.0 / (32 * 7 * 7));
      assertVariance(cnn.get("dense2.weight"), 1.0 / 128);
      assertThat(cnn.get("conv1.bias").abs().max().item_double()).isZero();
      assertThat(cnn.get("dense2.bias").abs().max().item_double()).isZero();

      Map<String, Tensor> resNet = Tensors.state(resNet20);
      assertVariance(resNet.get("stage3_block3_conv2.weight"), 2.0 / (64 * 9));
      assertVariance(resNet.get("dense.weight"), 1.0 / 64);
      assertThat(resNet.get("norm.weight").min().item_double()).isEqualTo(1);
      assertThat(resNet.get("norm.weight").max().item_double()).isEqualTo(1);
      assertThat(resNet.get("norm.bias").abs().max().item_double()).isZero();
      assertThat(resNet).doesNotContainKey("conv.bias");
    }
  }

  private static void assertVariance(Tensor weight, double expected) {
    double n = weight.numel();
    double variance =
        weight.detach().to(torch.ScalarType.Double).pow(scalar(2)).mean().item_double();
    assertThat(variance).isCloseTo(expected, within(4 * Math.sqrt(2 / n) * expected));
  }

  private static Scalar scalar(double value) {
    return new Scalar(value);
  }

  @Test
  void theSameSeedGivesTheSameWeights() {
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(5);
      Map<String, Tensor> first = Tensors.state(ResNet.resNet20(3, 10));
      torch.manual_seed(5);
      Map<String, Tensor> second = Tensors.state(ResNet.resNet20(3, 10));
      first.forEach((name, tensor) -> assertThat(tensor.equal(second.get(name))).isTrue());
    }
  }

  @Test
  void identityShortcutsPassEverySecondPixelAndZeroChannels() {
    try (PointerScope scope = new PointerScope();
        ResNet model = new ResNet(8, Shortcut.IDENTITY, 3, 10)) {
      // With all block weights zero, only the shortcuts carry the input to the dense layer.
      model.eval();
      Tensors.state(model)
          .forEach(
              (name, tensor) -> {
                if (name.matches("stage._block1_norm2.weight")) {
                  tensor.detach().zero_();
                }
                if (name.equals("dense.weight")) {
                  tensor.detach().zero_();
                  // The first class sums the 48 channels that only zeros can have reached.
                  tensor.detach().select(0, 0).narrow(0, 16, 48).fill_(scalar(1));
                  tensor.detach().select(0, 1).narrow(0, 0, 16).fill_(scalar(1));
                }
              });
      Tensor logits = model.forward(torch.ones(1, 3, 32, 32)).detach();
      assertThat(logits.select(1, 0).item_double()).isZero();
      assertThat(logits.select(1, 1).item_double()).isNotZero();
    }
  }

  private static Stream<Arguments> models() {
    Supplier<Tensor> colour = () -> torch.randn(8, 3, 32, 32);
    return Stream.of(
        model("cnn28", () -> new Cnn28(1, 10), () -> torch.randn(8, 1, 28, 28)),
        model("resnet20", () -> ResNet.resNet20(3, 10), colour),
        model("resnet20, Keras", () -> new ResNet(20, Shortcut.PROJECTION, 3, 10), colour),
        model("resnet56", () -> ResNet.resNet56(3, 10), colour),
        // Dropout leaves a loss that does not go away: dropoutAppliesOnlyInTraining tests it.
        model("vgg16", () -> new Vgg16(3, 10, true, false), colour),
        model("densenet40-12", () -> DenseNet.denseNet40x12(3, 10), colour),
        model("wrn10-2", () -> new WideResNet(10, 2, 3, 10), colour),
        model("svhn-cnn", () -> new SvhnCnn(3, 10), colour));
  }

  private static Arguments model(String name, Supplier<Model> model, Supplier<Tensor> images) {
    return Arguments.of(name, model, images);
  }

  @Tag("slow")
  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void eachModelOverfitsATinyBatch(String name, Supplier<Model> model, Supplier<Tensor> images) {
    try (PointerScope scope = new PointerScope();
        Model made = model.get()) {
      Tensor labels = torch.arange(scalar(8)).to(torch.ScalarType.Long);
      Learning.assertLearns(made, images.get(), labels, 0.01);
    }
  }

  @Test
  void dropoutAppliesOnlyInTraining() {
    try (PointerScope scope = new PointerScope();
        Vgg16 with = new Vgg16(3, 10, false, true);
        Vgg16 without = new Vgg16(3, 10, false, false)) {
      Tensor images = torch.randn(2, 3, 32, 32);
      assertThat(with.forward(images).equal(with.forward(images))).isFalse();
      assertThat(without.forward(images).equal(without.forward(images))).isTrue();
      with.eval();
      assertThat(with.forward(images).equal(with.forward(images))).isTrue();
    }
  }

  @Test
  void aClosedModelThrows() {
    Cnn28 model = new Cnn28(1, 10);
    model.close();
    model.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> model.forward(torch.randn(1, 1, 28, 28)))
        .withMessage("Cnn28 is closed");
  }

  @Test
  void impossibleSizesAreRejected() {
    assertThatThrownBy(() -> new Cnn28(0, 10)).hasMessage("channels must be at least 1, but is 0");
    assertThatThrownBy(() -> new Cnn28(1, 1)).hasMessage("classes must be at least 2, but is 1");
    assertThatThrownBy(() -> new ResNet(21, Shortcut.IDENTITY, 3, 10))
        .hasMessage("depth must be one of 8, 14, 20, ... (6n + 2), but is 21");
    assertThatThrownBy(() -> new ResNet(2, Shortcut.IDENTITY, 3, 10))
        .hasMessage("depth must be one of 8, 14, 20, ... (6n + 2), but is 2");
    assertThatThrownBy(() -> new DenseNet(41, 12, 3, 10))
        .hasMessage("depth must be one of 7, 10, 13, ... (3n + 4), but is 41");
    assertThatThrownBy(() -> new DenseNet(40, 0, 3, 10))
        .hasMessage("growth must be at least 1, but is 0");
    assertThatThrownBy(() -> new WideResNet(18, 8, 3, 10))
        .hasMessage("depth must be one of 10, 16, 22, ... (6n + 4), but is 18");
    assertThatThrownBy(() -> new WideResNet(16, 0, 3, 10))
        .hasMessage("widening must be at least 1, but is 0");
  }
}
