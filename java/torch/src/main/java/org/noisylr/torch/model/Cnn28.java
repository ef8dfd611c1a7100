package org.noisylr.torch.model;

import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The paper's network for MNIST, two convolutions and two dense layers, on 28×28 images.
 *
 * <p>conv 3×3, 16 → ReLU → max-pool 2 → conv 3×3, 32 → ReLU → max-pool 2 → dense 128 → ReLU → dense
 * {@code classes}. The paper states the four layers and nothing else; these widths train in about a
 * minute on a CPU. With one input channel and ten classes: 206,922 parameters.
 */
public final class Cnn28 extends ImageModel {
  /** H = W of the images. */
  public static final int SIZE = 28;

  private final Conv2dImpl conv1;
  private final Conv2dImpl conv2;
  private final LinearImpl dense1;
  private final LinearImpl dense2;

  /**
   * @param channels channels of an image, at least 1
   * @param classes number of classes, at least 2
   */
  public Cnn28(int channels, int classes) {
    super("Cnn28", channels, SIZE, classes);
    conv1 = conv("conv1", channels, 16, 3, 1, true);
    conv2 = conv("conv2", 16, 32, 3, 1, true);
    dense1 = dense("dense1", 32 * 7 * 7, 128, 2);
    dense2 = dense("dense2", 128, classes, 1);
  }

  @Override
  Tensor logits(Tensor images) {
    Tensor x = torch.max_pool2d(torch.relu(conv1.forward(images)), 2, 2);
    x = torch.max_pool2d(torch.relu(conv2.forward(x)), 2, 2);
    x = torch.relu(dense1.forward(x.flatten(1, -1)));
    return dense2.forward(x);
  }
}
