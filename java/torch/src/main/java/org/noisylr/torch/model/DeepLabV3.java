package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;

/**
 * DeepLab V3 (Chen et al. 2017, "Rethinking Atrous Convolution") on a ResNet-50 backbone with
 * output stride 16: {@code float32 [N, 3, H, W]} in, a class for each pixel out: logits {@code [N,
 * classes, H, W]}.
 *
 * <p>The backbone is ResNet-50 with the stride of a bottleneck in its 3×3 convolution; its last
 * stage keeps the resolution and has dilation 2 instead. Atrous spatial pyramid pooling then joins
 * a 1×1 convolution, three 3×3 ones of rates 6, 12, 18 and the mean of the image, 256 channels
 * each, in a 1×1 convolution of 256 with dropout 0.5. A 3×3 convolution of 256 and a 1×1 one
 * compute the logits, which are upsampled bilinearly. All convolutions but the last have batch norm
 * and ReLU.
 *
 * <p>The architecture, and the names of the backbone's tensors, are those of torchvision's {@code
 * deeplabv3_resnet50} without its auxiliary classifier: 39,638,869 parameters with 21 classes.
 */
public final class DeepLabV3 extends Model {
  private static final int[] STAGE_BLOCKS = {3, 4, 6, 3};
  private static final int EXPANSION = 4;
  private static final int PYRAMID_WIDTH = 256;
  private static final double DROPOUT = 0.5;
  private static final int[] PYRAMID_RATES = {6, 12, 18};

  private record Layer(Conv2dImpl conv, BatchNorm2dImpl norm) {
    Tensor forward(Tensor x) {
      return norm.forward(conv.forward(x));
    }

    Tensor relu(Tensor x) {
      return torch.relu_(forward(x));
    }
  }

  private record Bottleneck(Layer layer1, Layer layer2, Layer layer3, Layer projection) {
    Tensor forward(Tensor x) {
      Tensor y = layer3.forward(layer2.relu(layer1.relu(x)));
      return torch.relu_(y.add_(projection == null ? x : projection.forward(x)));
    }
  }

  private final Layer stem;
  private final List<Bottleneck> bottlenecks = new ArrayList<>();
  private final List<Layer> pyramid = new ArrayList<>();
  private final Layer pooling;
  private final Layer join;
  private final Layer head;
  private final Conv2dImpl classifier;

  /**
   * @param classes number of classes, at least 2
   */
  public DeepLabV3(int classes) {
    super("DeepLabV3");
    Check.atLeast("classes", classes, 2);
    stem = layer("conv1", "bn1", 3, 64, 7, 2, 1);
    int in = 64;
    for (int stage = 0; stage < STAGE_BLOCKS.length; stage++) {
      int width = 64 << stage;
      boolean dilated = stage == 3;
      for (int i = 0; i < STAGE_BLOCKS[stage]; i++) {
        int stride = i == 0 && (stage == 1 || stage == 2) ? 2 : 1;
        // torchvision: the first block of the stage that would have halved keeps dilation 1.
        int dilation = dilated && i > 0 ? 2 : 1;
        bottlenecks.add(
            bottleneck("layer" + (stage + 1) + "_" + i + "_", in, width, stride, dilation));
        in = width * EXPANSION;
      }
    }
    pyramid.add(layer("aspp0_conv", "aspp0_norm", in, PYRAMID_WIDTH, 1, 1, 1));
    for (int i = 0; i < PYRAMID_RATES.length; i++) {
      String name = "aspp" + (i + 1);
      pyramid.add(layer(name + "_conv", name + "_norm", in, PYRAMID_WIDTH, 3, 1, PYRAMID_RATES[i]));
    }
    pooling = layer("pooling_conv", "pooling_norm", in, PYRAMID_WIDTH, 1, 1, 1);
    join = layer("join_conv", "join_norm", 5 * PYRAMID_WIDTH, PYRAMID_WIDTH, 1, 1, 1);
    head = layer("head_conv", "head_norm", PYRAMID_WIDTH, PYRAMID_WIDTH, 3, 1, 1);
    classifier = conv("classifier", PYRAMID_WIDTH, classes, 1, 1, true);
  }

  private Layer layer(
      String conv, String norm, int in, int out, int kernel, int stride, int dilation) {
    return new Layer(conv(conv, in, out, kernel, stride, dilation, false), batchNorm(norm, out));
  }

  private Bottleneck bottleneck(String name, int in, int width, int stride, int dilation) {
    int out = width * EXPANSION;
    return new Bottleneck(
        layer(name + "conv1", name + "bn1", in, width, 1, 1, 1),
        layer(name + "conv2", name + "bn2", width, width, 3, stride, dilation),
        layer(name + "conv3", name + "bn3", width, out, 1, 1, 1),
        in == out
            ? null
            : layer(name + "downsample_0", name + "downsample_1", in, out, 1, stride, 1));
  }

  @Override
  Tensor logits(Tensor images) {
    long[] size = {images.size(2), images.size(3)};
    Tensor x =
        torch.max_pool2d(
            stem.relu(images),
            new long[] {3, 3},
            new long[] {2, 2},
            new long[] {1, 1},
            new long[] {1, 1},
            false);
    for (Bottleneck bottleneck : bottlenecks) {
      x = bottleneck.forward(x);
    }
    TensorVector parts = new TensorVector();
    for (Layer layer : pyramid) {
      parts.push_back(layer.relu(x));
    }
    Tensor mean = pooling.relu(x.mean(new long[] {2, 3}, true, new ScalarTypeOptional()));
    parts.push_back(mean.expand(x.size(0), PYRAMID_WIDTH, x.size(2), x.size(3)));
    Tensor joined = torch.dropout(join.relu(torch.cat(parts, 1)), DROPOUT, is_training());
    return torch.upsample_bilinear2d(classifier.forward(head.relu(joined)), size, false);
  }

  /**
   * Copies the weights of a ResNet-50, trained on ImageNet for example.
   *
   * @param tensors by torchvision's names: {@code conv1.weight}, {@code layer1.0.bn1.running_var},
   *     …; {@code fc.weight} and {@code fc.bias} of the classifier are ignored
   * @throws InputException if a tensor of the backbone is missing, or one is unknown or has another
   *     shape; nothing changes then
   */
  public void loadBackbone(Map<String, Tensor> tensors) {
    Map<String, Tensor> own = new LinkedHashMap<>();
    Tensors.state(this)
        .forEach(
            (name, tensor) -> {
              if (name.matches("(conv1|bn1|layer).*")) {
                own.put(name, tensor);
              }
            });
    Map<Tensor, Tensor> copies = new IdentityHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith("fc.")) {
            return;
          }
          int field = name.lastIndexOf('.');
          // A module's name has no dots in LibTorch.
          Tensor target =
              field < 0
                  ? null
                  : own.remove(name.substring(0, field).replace('.', '_') + name.substring(field));
          if (target == null || !Arrays.equals(target.shape(), tensor.shape())) {
            throw new InputException("the tensor '" + name + "' does not fit a ResNet-50");
          }
          copies.put(target, tensor);
        });
    own.keySet().stream()
        .filter(name -> !name.endsWith(".num_batches_tracked"))
        .findFirst()
        .ifPresent(
            name -> {
              throw new InputException("the backbone's tensor '" + name + "' is missing");
            });
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      copies.forEach(Tensor::copy_);
    }
  }
}
