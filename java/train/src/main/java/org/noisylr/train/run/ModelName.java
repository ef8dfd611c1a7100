package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonValue;
import org.noisylr.check.InputException;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.torch.model.DeepLabV3;
import org.noisylr.torch.model.DenseNet;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.model.ResNet;
import org.noisylr.torch.model.SentimentLstm;
import org.noisylr.torch.model.SvhnCnn;
import org.noisylr.torch.model.Vgg16;
import org.noisylr.torch.model.WideResNet;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.TextDataset;

/** The models that a run can train, with what they take. */
public enum ModelName {
  /** {@link Cnn28}. */
  CNN28("cnn28", new Images(1, Cnn28.SIZE), Cnn28::new),
  /** {@link ResNet} of depth 20 in He et al.'s form. */
  RESNET20("resnet20", new Images(3, ResNet.SIZE), ResNet::resNet20),
  /** {@link ResNet} of depth 20 in the form of Keras' example. */
  RESNET20_KERAS("resnet20-keras", new Images(3, ResNet.SIZE), keras(20)),
  /** {@link ResNet} of depth 56 in He et al.'s form. */
  RESNET56("resnet56", new Images(3, ResNet.SIZE), ResNet::resNet56),
  /** {@link ResNet} of depth 56 in the form of Keras' example. */
  RESNET56_KERAS("resnet56-keras", new Images(3, ResNet.SIZE), keras(56)),
  /** {@link Vgg16} with batch norm and dropout. */
  VGG16("vgg16", new Images(3, Vgg16.SIZE), (c, k) -> new Vgg16(c, k, true, true)),
  /** {@link Vgg16} with batch norm, without dropout. */
  VGG16_NO_DROPOUT(
      "vgg16-no-dropout", new Images(3, Vgg16.SIZE), (c, k) -> new Vgg16(c, k, true, false)),
  /** {@link DenseNet} of depth 40, growth rate 12. */
  DENSENET40_12("densenet40-12", new Images(3, DenseNet.SIZE), DenseNet::denseNet40x12),
  /** {@link WideResNet} of depth 16, widening 8. */
  WRN16_8("wrn16-8", new Images(3, WideResNet.SIZE), WideResNet::wrn16x8),
  /** {@link SvhnCnn}. */
  SVHN_CNN("svhn-cnn", new Images(3, SvhnCnn.SIZE), SvhnCnn::new),
  /** {@link SentimentLstm} on texts of two classes. */
  LSTM("lstm", TextDataset.class),
  /** {@link DeepLabV3} on images with classes of pixels. */
  DEEPLABV3("deeplabv3", SegmentationDataset.class);

  /**
   * The images that a model takes.
   *
   * @param channels C
   * @param size H = W
   */
  public record Images(int channels, int size) {}

  private interface ImageModels {
    Model create(int channels, int classes);
  }

  private final String text;
  private final Class<? extends Dataset> data;
  private final Images images;
  private final ImageModels models;

  ModelName(String text, Images images, ImageModels models) {
    this.text = text;
    this.data = ImageDataset.class;
    this.images = images;
    this.models = models;
  }

  ModelName(String text, Class<? extends Dataset> data) {
    this.text = text;
    this.data = data;
    this.images = null;
    this.models = null;
  }

  private static ImageModels keras(int depth) {
    return (channels, classes) -> new ResNet(depth, ResNet.Shortcut.PROJECTION, channels, classes);
  }

  /** The images with one class each that the model takes; null if it takes something else. */
  public Images images() {
    return images;
  }

  /**
   * Builds the model for a dataset; its weights come from LibTorch's default generator.
   *
   * @throws InputException as {@link #check} does
   */
  public Model create(Dataset examples) {
    check(examples);
    int classes = examples.classNames().size();
    if (examples instanceof TextDataset texts) {
      return new SentimentLstm(texts.vocabulary());
    }
    return examples instanceof SegmentationDataset
        ? new DeepLabV3(classes)
        : models.create(images.channels, classes);
  }

  /**
   * Checks that the model takes the examples of a dataset.
   *
   * @throws InputException if it does not
   */
  public void check(Dataset examples) {
    if (!data.isInstance(examples)) {
      throw new InputException(
          "model %s takes %s, but %s has %s"
              .formatted(text, kind(data), examples.name(), kind(examples.getClass())));
    }
    if (examples instanceof ImageDataset dataset) {
      checkShape(dataset);
    }
    int classes = examples.classNames().size();
    if (classes < 2 || examples instanceof TextDataset && classes > 2) {
      throw new InputException(
          "model %s supports %s classes, but %s has %d"
              .formatted(
                  text,
                  examples instanceof TextDataset ? "2" : "2 or more",
                  examples.name(),
                  classes));
    }
  }

  /**
   * Checks that the model can train on the batches of an epoch: batch norm over single values, as
   * in VGG-16's dense part and in DeepLab's pooling, needs two examples in each.
   *
   * @throws InputException if the last batch has one example, and the model needs two
   */
  public void checkBatches(int examples, int batchSize) {
    boolean needsTwo = this == VGG16 || this == VGG16_NO_DROPOUT || this == DEEPLABV3;
    if (needsTwo && (examples % batchSize == 1 || batchSize == 1)) {
      throw InputException.of(
          "batch size",
          "must not leave a batch of one example, which model %s cannot train on, but %d examples in batches of %d do"
              .formatted(text, examples, batchSize));
    }
  }

  private static String kind(Class<? extends Dataset> data) {
    if (data == TextDataset.class) {
      return "texts";
    }
    return data == ImageDataset.class ? "images" : "images with classes of pixels";
  }

  private void checkShape(ImageDataset data) {
    int channels = data.train().channels();
    if (channels != images.channels) {
      throw new InputException(
          "model %s takes images of %d channel%s, but those of %s have %d"
              .formatted(
                  text, images.channels, images.channels == 1 ? "" : "s", data.name(), channels));
    }
    int height = data.train().height();
    int width = data.train().width();
    if (height != images.size || width != images.size) {
      throw new InputException(
          "model %s takes images of %dx%d pixels, but those of %s have %dx%d"
              .formatted(text, images.size, images.size, data.name(), width, height));
    }
  }

  /** The name on the command line and in files. */
  @Override
  @JsonValue
  public String toString() {
    return text;
  }
}
