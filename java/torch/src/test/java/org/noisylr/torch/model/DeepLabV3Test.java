package org.noisylr.torch.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;

class DeepLabV3Test {
  @BeforeEach
  void seed() {
    torch.manual_seed(1);
  }

  @Test
  void theNumberOfParametersEqualsTorchvision() {
    try (DeepLabV3 model = new DeepLabV3(21)) {
      // deeplabv3_resnet50: 42,004,074, of which 2,365,205 are the auxiliary classifier's.
      assertThat(model.parameterCount()).isEqualTo(42_004_074 - 2_365_205);
    }
  }

  @Test
  void everyPixelGetsLogits() {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 model = new DeepLabV3(21)) {
      model.eval();
      assertThat(model.forward(torch.randn(1, 3, 65, 97)).shape()).containsExactly(1, 21, 65, 97);
    }
  }

  /** The backbone's tensors under torchvision's names, with values of their own. */
  private static Map<String, Tensor> backbone(DeepLabV3 model) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Tensors.state(model)
        .forEach(
            (name, tensor) -> {
              if (name.matches("(conv1|bn1|layer).*") && !name.endsWith("tracked")) {
                String named =
                    name.replaceFirst("^(layer\\d)_(\\d)_", "$1.$2.")
                        .replace("downsample_", "downsample.");
                tensors.put(named, torch.rand(tensor.shape()));
              }
            });
    return tensors;
  }

  @Test
  void aBackboneIsLoadedByTorchvisionsNames() {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 model = new DeepLabV3(2)) {
      Map<String, Tensor> tensors = backbone(model);
      assertThat(tensors)
          .containsKeys(
              "conv1.weight",
              "bn1.running_mean",
              "layer1.0.downsample.0.weight",
              "layer4.2.bn3.running_var")
          // 53 convolutions, 53 batch norms of four tensors.
          .hasSize(53 + 4 * 53);
      tensors.put("fc.weight", torch.rand(1000, 2048));
      Tensor head = Tensors.state(model).get("head_conv.weight").clone();
      model.loadBackbone(tensors);
      Map<String, Tensor> state = Tensors.state(model);
      assertThat(state.get("conv1.weight").equal(tensors.get("conv1.weight"))).isTrue();
      assertThat(
              state
                  .get("layer4_0_downsample_1.running_var")
                  .equal(tensors.get("layer4.0.downsample.1.running_var")))
          .isTrue();
      assertThat(state.get("head_conv.weight").equal(head)).isTrue();
    }
  }

  @Test
  void aBackboneThatDoesNotFitIsRejectedAndChangesNothing() {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 model = new DeepLabV3(2)) {
      Tensor before = Tensors.state(model).get("conv1.weight").clone();
      Map<String, Tensor> missing = backbone(model);
      missing.remove("layer2.1.bn2.bias");
      rejected(model, missing, "the backbone's tensor 'layer2_1_bn2.bias' is missing");
      Map<String, Tensor> unknown = backbone(model);
      unknown.put("layer9.0.conv1.weight", torch.rand(1));
      rejected(model, unknown, "the tensor 'layer9.0.conv1.weight' does not fit a ResNet-50");
      Map<String, Tensor> reshaped = backbone(model);
      reshaped.put("bn1.weight", torch.rand(3));
      rejected(model, reshaped, "the tensor 'bn1.weight' does not fit a ResNet-50");
      rejected(
          model, Map.of("weight", torch.rand(1)), "the tensor 'weight' does not fit a ResNet-50");
      assertThat(Tensors.state(model).get("conv1.weight").equal(before)).isTrue();
    }
  }

  private static void rejected(DeepLabV3 model, Map<String, Tensor> tensors, String message) {
    assertThatThrownBy(() -> model.loadBackbone(tensors))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }

  @Tag("slow")
  @Test
  void itOverfitsATinyBatch() {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 model = new DeepLabV3(3)) {
      // Four quarters of one class each, in two arrangements.
      Tensor images = torch.randn(2, 3, 32, 32);
      Tensor targets = torch.zeros(2, 32, 32).to(torch.ScalarType.Long);
      for (int i = 0; i < 2; i++) {
        Tensor half = targets.select(0, i).narrow(i, 0, 16);
        half.fill_(new org.bytedeco.pytorch.Scalar(1L));
        half.narrow(1 - i, 0, 16).fill_(new org.bytedeco.pytorch.Scalar(2L));
        images.select(0, i).select(0, 0).copy_(targets.select(0, i).to(torch.ScalarType.Float));
      }
      Learning.assertLearns(model, images, targets, 0.1);
    }
  }
}
