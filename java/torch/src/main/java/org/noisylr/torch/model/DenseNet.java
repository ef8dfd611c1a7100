package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;

/**
 * The densely connected network of Huang et al. 2017 for 32×32 images, in its basic form: without
 * bottleneck layers and without compression.
 *
 * <p>Depth 3n + 4: a 3×3 convolution of width 16, three dense blocks of n layers at 32×32, 16×16,
 * 8×8, global average pooling and a dense layer. A layer is BN–ReLU–conv 3×3 with as many outputs
 * as the growth rate, which join its input. Between blocks: BN–ReLU–conv 1×1 that keeps the width,
 * then the average of 2×2 pixels.
 */
public final class DenseNet extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 32;

  private static final int FIRST_WIDTH = 16;
  private static final int BLOCKS = 3;

  private record Layer(BatchNorm2dImpl norm, Conv2dImpl conv) {
    Tensor forward(Tensor x) {
      return conv.forward(normRelu(norm, x));
    }
  }

  private final Conv2dImpl conv;
  private final List<List<Layer>> blocks = new ArrayList<>();
  private final List<Layer> transitions = new ArrayList<>();
  private final BatchNorm2dImpl norm;
  private final LinearImpl dense;

  /** Depth 40, growth rate 12: 1,019,722 parameters with 3 channels and 10 classes. */
  public static DenseNet denseNet40x12(int channels, int classes) {
    return new DenseNet(40, 12, channels, classes);
  }

  /**
   * @param depth 3n + 4 with n ≥ 1
   * @param growth outputs of a layer, at least 1
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   */
  public DenseNet(int depth, int growth, int channels, int classes) {
    super("DenseNet", channels, SIZE, classes);
    if (depth < 7 || depth % 3 != 1) {
      throw Check.invalid("depth", depth, "one of 7, 10, 13, ... (3n + 4)");
    }
    Check.atLeast("growth", growth, 1);
    conv = conv("conv", channels, FIRST_WIDTH, 3, 1, false);
    int width = FIRST_WIDTH;
    for (int b = 1; b <= BLOCKS; b++) {
      List<Layer> block = new ArrayList<>();
      for (int i = 1; i <= (depth - 4) / BLOCKS; i++) {
        block.add(layer("block" + b + "_layer" + i + "_", width, growth, 3));
        width += growth;
      }
      blocks.add(block);
      if (b < BLOCKS) {
        transitions.add(layer("transition" + b + "_", width, width, 1));
      }
    }
    norm = batchNorm("norm", width);
    dense = dense("dense", width, classes, 1);
  }

  private Layer layer(String name, int in, int out, int kernel) {
    return new Layer(batchNorm(name + "norm", in), conv(name + "conv", in, out, kernel, 1, false));
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = conv.forward(images);
    for (int b = 0; b < BLOCKS; b++) {
      for (Layer layer : blocks.get(b)) {
        x = torch.cat(new TensorVector(x, layer.forward(x)), 1);
      }
      if (b < transitions.size()) {
        x = torch.avg_pool2d(transitions.get(b).forward(x), 2, 2);
      }
    }
    return dense.forward(globalAverage(normRelu(norm, x)));
  }
}
