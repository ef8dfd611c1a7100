package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The paper's network for SVHN on 32×32 images: six convolutions, each followed by batch norm and
 * ReLU.
 *
 * <p>The paper states nothing more. Chosen here: 3×3 kernels of widths 32, 32, 64, 64, 128, 128,
 * the usual doubling, max-pooling after every second one, and one dense layer of the classes on the
 * 4×4 pixels that remain. With 3 channels and 10 classes: 308,394 parameters.
 */
public final class SvhnCnn extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 32;

  private static final int[] WIDTHS = {32, 32, 64, 64, 128, 128};

  private final List<Conv2dImpl> convs = new ArrayList<>();
  private final List<BatchNorm2dImpl> norms = new ArrayList<>();
  private final LinearImpl dense;

  /**
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   */
  public SvhnCnn(int channels, int classes) {
    super("SvhnCnn", channels, SIZE, classes);
    int in = channels;
    for (int i = 0; i < WIDTHS.length; i++) {
      convs.add(conv("conv" + (i + 1), in, WIDTHS[i], 3, 1, true));
      norms.add(batchNorm("norm" + (i + 1), WIDTHS[i]));
      in = WIDTHS[i];
    }
    dense = dense("dense", in * 4 * 4, classes, 1);
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = images;
    for (int i = 0; i < WIDTHS.length; i++) {
      x = normRelu(norms.get(i), convs.get(i).forward(x));
      if (i % 2 == 1) {
        x = torch.max_pool2d(x, 2, 2);
      }
    }
    return dense.forward(x.flatten(1, -1));
  }
}
