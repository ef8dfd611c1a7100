package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;

/**
 * The residual network of He et al. 2016 ("Deep Residual Learning", section 4.2) for 32×32 images.
 *
 * <p>Depth 6n + 2: a 3×3 convolution of width 16, three stages of n blocks with widths 16, 32, 64
 * at 32×32, 16×16, 8×8, global average pooling and a dense layer. A block is conv–BN–ReLU–conv–BN
 * plus its shortcut, then ReLU.
 *
 * <p>{@link Shortcut} is how the input joins the output where a stage halves the resolution.
 */
public final class ResNet extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 32;

  /** How a block whose width doubles adds its input to its output. */
  public enum Shortcut {
    /** He et al.'s option A: every second pixel, the new channels zero; no parameters. */
    IDENTITY,
    /**
     * The form of Keras' CIFAR-10 example (v1), which the paper used: a 1×1 convolution of stride 2
     * without batch norm; all convolutions have a bias.
     */
    PROJECTION
  }

  private record Block(
      Conv2dImpl conv1,
      BatchNorm2dImpl norm1,
      Conv2dImpl conv2,
      BatchNorm2dImpl norm2,
      Conv2dImpl projection,
      boolean widens) {}

  private final Conv2dImpl conv;
  private final BatchNorm2dImpl norm;
  private final List<Block> blocks = new ArrayList<>();
  private final LinearImpl dense;

  /** ResNet-20 in He et al.'s form: 269,722 parameters with 3 channels and 10 classes. */
  public static ResNet resNet20(int channels, int classes) {
    return new ResNet(20, Shortcut.IDENTITY, channels, classes);
  }

  /** ResNet-56 in He et al.'s form: 853,018 parameters with 3 channels and 10 classes. */
  public static ResNet resNet56(int channels, int classes) {
    return new ResNet(56, Shortcut.IDENTITY, channels, classes);
  }

  /**
   * @param depth 6n + 2 with n ≥ 1
   * @param shortcut the form of the shortcuts between stages
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   */
  public ResNet(int depth, Shortcut shortcut, int channels, int classes) {
    super("ResNet", channels, SIZE, classes);
    if (depth < 8 || depth % 6 != 2) {
      throw Check.invalid("depth", depth, "one of 8, 14, 20, ... (6n + 2)");
    }
    boolean keras = shortcut == Shortcut.PROJECTION;
    conv = conv("conv", channels, 16, 3, 1, keras);
    norm = batchNorm("norm", 16);
    int in = 16;
    for (int stage = 0; stage < 3; stage++) {
      int width = 16 << stage;
      for (int i = 0; i < (depth - 2) / 6; i++) {
        String name = "stage" + (stage + 1) + "_block" + (i + 1) + "_";
        boolean widens = in != width;
        int stride = widens ? 2 : 1;
        blocks.add(
            new Block(
                conv(name + "conv1", in, width, 3, stride, keras),
                batchNorm(name + "norm1", width),
                conv(name + "conv2", width, width, 3, 1, keras),
                batchNorm(name + "norm2", width),
                widens && keras ? conv(name + "projection", in, width, 1, stride, true) : null,
                widens));
        in = width;
      }
    }
    dense = dense("dense", 64, classes, 1);
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = normRelu(norm, conv.forward(images));
    for (Block block : blocks) {
      Tensor y = normRelu(block.norm1, block.conv1.forward(x));
      y = block.norm2.forward(block.conv2.forward(y));
      x = torch.relu_(y.add_(shortcut(block, x)));
    }
    return dense.forward(globalAverage(x));
  }

  private static Tensor shortcut(Block block, Tensor x) {
    if (block.projection != null) {
      return block.projection.forward(x);
    }
    if (!block.widens) {
      return x;
    }
    LongOptional all = new LongOptional();
    Tensor half = x.slice(2, all, all, 2).slice(3, all, all, 2);
    return torch.constant_pad_nd(half, 0, 0, 0, 0, 0, x.size(1));
  }
}
