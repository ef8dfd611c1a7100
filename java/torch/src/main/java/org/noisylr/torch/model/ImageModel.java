package org.noisylr.torch.model;

import org.noisylr.check.Check;

/**
 * A network that classifies square images: {@code float32 [N, C, H, W]}, normalised, in; logits
 * {@code [N, classes]} out.
 */
public abstract sealed class ImageModel extends Model
    permits Cnn28, DenseNet, ResNet, SvhnCnn, Vgg16, WideResNet {
  private final int channels;
  private final int size;
  private final int classes;

  ImageModel(String name, int channels, int size, int classes) {
    super(name);
    this.channels = (int) Check.atLeast("channels", channels, 1);
    this.size = size;
    this.classes = (int) Check.atLeast("classes", classes, 2);
  }

  /** C, the channels of an image. */
  public final int channels() {
    return channels;
  }

  /** H = W, the height and width of an image. */
  public final int size() {
    return size;
  }

  /** The number of classes. */
  public final int classes() {
    return classes;
  }
}
