package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;

/**
 * The wide residual network of Zagoruyko &amp; Komodakis 2016 for 32×32 images, without dropout.
 *
 * <p>Depth 6n + 4: a 3×3 convolution of width 16, three stages of n blocks with widths 16k, 32k,
 * 64k at 32×32, 16×16, 8×8, BN–ReLU, global average pooling and a dense layer. A block is
 * BN–ReLU–conv–BN–ReLU–conv plus its shortcut: the input, or, where the width changes, a 1×1
 * convolution of the first BN–ReLU.
 */
public final class WideResNet extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 32;

  private record Block(
      BatchNorm2dImpl norm1,
      Conv2dImpl conv1,
      BatchNorm2dImpl norm2,
      Conv2dImpl conv2,
      Conv2dImpl projection) {}

  private final Conv2dImpl conv;
  private final List<Block> blocks = new ArrayList<>();
  private final BatchNorm2dImpl norm;
  private final LinearImpl dense;

  /** WRN-16-8: 10,961,370 parameters with 3 channels and 10 classes. */
  public static WideResNet wrn16x8(int channels, int classes) {
    return new WideResNet(16, 8, channels, classes);
  }

  /**
   * @param depth 6n + 4 with n ≥ 1
   * @param widening k, at least 1
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   */
  public WideResNet(int depth, int widening, int channels, int classes) {
    super("WideResNet", channels, SIZE, classes);
    if (depth < 10 || depth % 6 != 4) {
      throw Check.invalid("depth", depth, "one of 10, 16, 22, ... (6n + 4)");
    }
    Check.atLeast("widening", widening, 1);
    conv = conv("conv", channels, 16, 3, 1, false);
    int in = 16;
    for (int stage = 1; stage <= 3; stage++) {
      int width = (16 << (stage - 1)) * widening;
      for (int i = 1; i <= (depth - 4) / 6; i++) {
        String name = "stage" + stage + "_block" + i + "_";
        int stride = stage > 1 && i == 1 ? 2 : 1;
        blocks.add(
            new Block(
                batchNorm(name + "norm1", in),
                conv(name + "conv1", in, width, 3, stride, false),
                batchNorm(name + "norm2", width),
                conv(name + "conv2", width, width, 3, 1, false),
                in == width && stride == 1
                    ? null
                    : conv(name + "projection", in, width, 1, stride, false)));
        in = width;
      }
    }
    norm = batchNorm("norm", in);
    dense = dense("dense", in, classes, 1);
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = conv.forward(images);
    for (Block block : blocks) {
      Tensor active = normRelu(block.norm1, x);
      Tensor y = block.conv2.forward(normRelu(block.norm2, block.conv1.forward(active)));
      x = y.add_(block.projection == null ? x : block.projection.forward(active));
    }
    return dense.forward(globalAverage(normRelu(norm, x)));
  }
}
