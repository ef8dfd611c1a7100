package org.noisylr.train.run;

import org.noisylr.check.InputException;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.torch.model.ImageModel;
import org.noisylr.torch.model.ResNet;

/** The models that a run can train, with the images they take. */
public enum ModelName {
  /** {@link Cnn28} on grey images of 28×28. */
  CNN28("cnn28", 1, Cnn28.SIZE),
  /** {@link ResNet} of depth 20 on colour images of 32×32. */
  RESNET20("resnet20", 3, ResNet.SIZE);

  private final String text;
  private final int channels;
  private final int size;

  ModelName(String text, int channels, int size) {
    this.text = text;
    this.channels = channels;
    this.size = size;
  }

  /** Builds the model; its weights come from LibTorch's default generator. */
  public ImageModel create(int classes) {
    return switch (this) {
      case CNN28 -> new Cnn28(channels, classes);
      case RESNET20 -> ResNet.resNet20(channels, classes);
    };
  }

  /** C, the channels of an image. */
  public int channels() {
    return channels;
  }

  /** H = W, the height and width of an image. */
  public int size() {
    return size;
  }

  /** Checks that the model takes images of this shape. */
  public void checkImages(String data, int channels, int height, int width) {
    if (channels != this.channels) {
      throw new InputException(
          "model %s takes images of %d channel%s, but those of %s have %d"
              .formatted(text, this.channels, this.channels == 1 ? "" : "s", data, channels));
    }
    if (height != size || width != size) {
      throw new InputException(
          "model %s takes images of %dx%d pixels, but those of %s have %dx%d"
              .formatted(text, size, size, data, width, height));
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
