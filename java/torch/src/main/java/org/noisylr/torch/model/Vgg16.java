package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * VGG-16 (Simonyan &amp; Zisserman 2015, configuration D) for 32×32 images, as Liu &amp; Deng 2015
 * adapted it to CIFAR-10: five blocks of 3×3 convolutions, each followed by max-pooling, a dense
 * layer of 512 and one of the classes.
 *
 * <p>Batch norm, if used, is between every layer but the last and its rectifier. With dropout, a
 * value is dropped with probability 0.3 after the first convolution, 0.4 after every other one that
 * is not the last of its block, 0.5 before and after the dense layer.
 */
public final class Vgg16 extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 32;

  private static final int[][] WIDTHS = {
    {64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}
  };
  private static final int DENSE_WIDTH = 512;

  private record Layer(Conv2dImpl conv, BatchNorm2dImpl norm, double drop, boolean last) {}

  private final boolean dropout;
  private final List<Layer> layers = new ArrayList<>();
  private final LinearImpl dense1;
  private final BatchNorm1dImpl denseNorm;
  private final LinearImpl dense2;

  /**
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   * @param batchNorm whether batch norm is used: 14,991,946 parameters with 3 channels and 10
   *     classes, 14,982,474 without
   * @param dropout whether values are dropped in training
   */
  public Vgg16(int channels, int classes, boolean batchNorm, boolean dropout) {
    super("Vgg16", channels, SIZE, classes);
    this.dropout = dropout;
    int in = channels;
    for (int b = 0; b < WIDTHS.length; b++) {
      for (int i = 0; i < WIDTHS[b].length; i++) {
        int width = WIDTHS[b][i];
        String name = "block" + (b + 1) + "_";
        layers.add(
            new Layer(
                conv(name + "conv" + (i + 1), in, width, 3, 1, true),
                batchNorm ? batchNorm(name + "norm" + (i + 1), width) : null,
                b == 0 ? 0.3 : 0.4,
                i + 1 == WIDTHS[b].length));
        in = width;
      }
    }
    dense1 = dense("dense1", in, DENSE_WIDTH, 2);
    denseNorm = batchNorm ? batchNorm1d("dense_norm", DENSE_WIDTH) : null;
    dense2 = dense("dense2", DENSE_WIDTH, classes, 1);
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = images;
    for (Layer layer : layers) {
      x = layer.conv.forward(x);
      x = layer.norm == null ? torch.relu(x) : normRelu(layer.norm, x);
      x = layer.last ? torch.max_pool2d(x, 2, 2) : drop(x, layer.drop);
    }
    x = dense1.forward(drop(x.flatten(1, -1), 0.5));
    x = torch.relu(denseNorm == null ? x : denseNorm.forward(x));
    return dense2.forward(drop(x, 0.5));
  }

  private Tensor drop(Tensor x, double probability) {
    return dropout ? torch.dropout(x, probability, is_training()) : x;
  }
}
