package org.noisylr.train.data.format;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;
import org.noisylr.train.data.Preprocessing;
import org.noisylr.train.data.Vocabulary;

/** Reads single examples from files: JPEG and PNG images, or texts in UTF-8. */
public final class ExampleFiles {
  private ExampleFiles() {}

  /**
   * Reads an example as the input of a model.
   *
   * @return a batch of one example: {@code float32 [1, C, H, W]} or {@code int64 [1, T]}; owned by
   *     the caller
   * @throws InputException if the file cannot be read, or is not such an example
   */
  public static Tensor read(Path file, Preprocessing inputs, Device device) {
    byte[] content = Source.of(file).bytes(ImageTree.MAX_FILE);
    try (PointerScope scope = new PointerScope()) {
      Tensor input =
          inputs instanceof Preprocessing.Images images
              ? image(file, content, images, device)
              : text(new String(content, StandardCharsets.UTF_8), (Preprocessing.Texts) inputs);
      return input.to(device, input.scalar_type()).retainReference();
    }
  }

  private static Tensor image(
      Path file, byte[] content, Preprocessing.Images images, Device device) {
    ImageDecoder.Decoded image = decode(file.toString(), content, images);
    int channels = image.isGrey() ? 1 : 3;
    if (channels > images.channels()) {
      throw new InputException(file + " must be grey like the images of the training");
    }
    Tensor pixels =
        Tensors.of(image.planes(), 1, channels, images.height(), images.width())
            .expand(1, images.channels(), images.height(), images.width());
    return images.normalize(pixels, device);
  }

  private static ImageDecoder.Decoded decode(
      String name, byte[] content, Preprocessing.Images images) {
    if (images.resize() == null) {
      ImageDecoder.Size size = new ImageDecoder.Size(images.width(), images.height());
      return ImageDecoder.decode(name, content, size, "the images of the training");
    }
    try (Resizer resizer = new Resizer(images.resize())) {
      return resizer.decode(name, content);
    }
  }

  private static Tensor text(String text, Preprocessing.Texts texts) {
    if (texts.words().isEmpty()) {
      throw new InputException("the words of the model are unknown: it was trained on tokens");
    }
    int[] tokens = new Vocabulary(texts.words()).encode(text, texts.length());
    return Tensors.of(tokens, 1, tokens.length).to(torch.ScalarType.Long);
  }
}
