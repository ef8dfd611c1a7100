package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonValue;
import org.noisylr.check.Check;
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
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.Preprocessing;

/** The built-in models, and the examples that they take. */
public enum ModelName implements ModelSpec {
  /** {@link Cnn28}. */
  CNN28("cnn28", new Images(1, Cnn28.SIZE), Cnn28::new),
  /** {@link ResNet} of depth 20 as in He et al. */
  RESNET20("resnet20", new Images(3, ResNet.SIZE), ResNet::resNet20),
  /** {@link ResNet} of depth 20 as in Keras' example. */
  RESNET20_KERAS("resnet20-keras", new Images(3, ResNet.SIZE), keras(20)),
  /** {@link ResNet} of depth 56 as in He et al. */
  RESNET56("resnet56", new Images(3, ResNet.SIZE), ResNet::resNet56),
  /** {@link ResNet} of depth 56 as in Keras' example. */
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
  /** {@link SentimentLstm} for texts of two classes. */
  LSTM("lstm", Dataset.Kind.TEXTS),
  /** {@link DeepLabV3} for semantic segmentation. */
  DEEPLABV3("deeplabv3", Dataset.Kind.SEGMENTATION);

  /**
   * The shape of the images that a model takes.
   *
   * @param channels C
   * @param size H = W
   */
  public record Images(int channels, int size) {}

  private interface ImageModels {
    Model create(int channels, int classes);
  }

  private final String text;
  private final Dataset.Kind kind;
  private final Images images;
  private final ImageModels models;

  ModelName(String text, Images images, ImageModels models) {
    this.text = text;
    this.kind = Dataset.Kind.IMAGES;
    this.images = images;
    this.models = models;
  }

  ModelName(String text, Dataset.Kind kind) {
    this.text = text;
    this.kind = kind;
    this.images = null;
    this.models = null;
  }

  private static ImageModels keras(int depth) {
    return (channels, classes) -> new ResNet(depth, ResNet.Shortcut.PROJECTION, channels, classes);
  }

  /** Returns the shape of its images; null if the model does not classify whole images. */
  public Images images() {
    return images;
  }

  @Override
  public Model create(Preprocessing inputs, int classes) {
    return switch (kind) {
      case IMAGES -> models.create(images.channels, classes);
      case SEGMENTATION -> new DeepLabV3(classes);
      case TEXTS -> new SentimentLstm(((Preprocessing.Texts) inputs).vocabulary());
    };
  }

  @Override
  public void check(Preprocessing inputs) {
    boolean texts = inputs instanceof Preprocessing.Texts;
    if (texts != (kind == Dataset.Kind.TEXTS)) {
      throw Check.invalid(
          "inputs", texts ? "texts" : "images", "%s for model %s".formatted(kind, text));
    }
    if (images != null
        && inputs instanceof Preprocessing.Images given
        && !images.equals(new Images(given.channels(), given.height()))) {
      throw Check.invalid("inputs", given, "%s for model %s".formatted(images, text));
    }
  }

  @Override
  public void check(Dataset data) {
    if (data.kind() != kind) {
      throw new InputException(
          "model %s takes %s, but %s has %s".formatted(text, kind, data.name(), data.kind()));
    }
    if (kind == Dataset.Kind.IMAGES) {
      checkShape(data.name(), ((ImageDataset) data).train());
    }
    int classes = data.classNames().size();
    boolean isBinary = kind == Dataset.Kind.TEXTS;
    if (classes < 2 || isBinary && classes > 2) {
      throw new InputException(
          "model %s supports %s classes, but %s has %d"
              .formatted(text, isBinary ? "2" : "2 or more", data.name(), classes));
    }
  }

  private void checkShape(String name, ImageSet set) {
    if (set.channels() != images.channels) {
      throw new InputException(
          "model %s takes images of %d channel%s, but those of %s have %d"
              .formatted(
                  text, images.channels, images.channels == 1 ? "" : "s", name, set.channels()));
    }
    if (set.height() != images.size || set.width() != images.size) {
      throw new InputException(
          "model %s takes images of %dx%d pixels, but those of %s have %dx%d"
              .formatted(text, images.size, images.size, name, set.width(), set.height()));
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Batch norm over single values, as in VGG-16's dense part and in DeepLab's pooling, requires
   * two examples.
   */
  @Override
  public void checkBatches(Dataset data, int examples, int batchSize, int ranks) {
    boolean requiresTwo = this == VGG16 || this == VGG16_NO_DROPOUT || this == DEEPLABV3;
    if (requiresTwo && ModelSpec.smallestBatch(examples, batchSize) < 2 * ranks) {
      throw ModelSpec.tooFew(this, examples, batchSize, ranks);
    }
  }

  /** Returns the name on the command line and in files. */
  @Override
  @JsonValue
  public String toString() {
    return text;
  }
}
