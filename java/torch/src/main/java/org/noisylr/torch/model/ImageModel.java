package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.torch.Tensors;

/**
 * A network that classifies square images: {@code float32 [N, C, H, W]} in, logits {@code [N,
 * classes]} out.
 *
 * <p>A model is a {@code torch::nn::Module}: {@code parameters()}, {@code named_buffers()}, {@code
 * train(boolean)} and {@code to(Device, boolean)} work as in LibTorch. Weights are drawn from
 * LibTorch's default generator, so {@code torch.manual_seed} before the constructor pins them.
 * Closing a model frees its modules; tensors that others still hold, an optimizer for instance,
 * stay alive. The methods declared here throw IllegalStateException on a closed model.
 *
 * <p><b>Initialisation.</b> He et al. 2015 ("Delving Deep into Rectifiers", eq. 10): every weight
 * that feeds a rectifier is drawn from N(0, 2 / fan_in). The last dense layer feeds none and is
 * drawn from N(0, 1 / fan_in). Biases are 0; batch norm starts at weight 1, bias 0.
 */
public abstract sealed class ImageModel extends Module permits Cnn28, ResNet {
  private final int channels;
  private final int size;
  private final int classes;
  private final List<Module> layers = new ArrayList<>();

  ImageModel(String name, int channels, int size, int classes) {
    super(name);
    this.channels = (int) Check.atLeast("channels", channels, 1);
    this.size = size;
    this.classes = (int) Check.atLeast("classes", classes, 2);
  }

  /**
   * Computes the logits.
   *
   * @param images {@code float32 [N, C, H, W]}, normalised
   * @return {@code [N, classes]}; owned by the caller
   * @throws IllegalStateException if the model is closed
   */
  public final Tensor forward(Tensor images) {
    checkOpen();
    return logits(images);
  }

  abstract Tensor logits(Tensor images);

  private void checkOpen() {
    if (isNull()) {
      throw new IllegalStateException(getClass().getSimpleName() + " is closed");
    }
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

  /** The number of trainable values. */
  public final long parameterCount() {
    checkOpen();
    try (PointerScope scope = new PointerScope()) {
      TensorVector parameters = parameters();
      long count = 0;
      for (long i = 0; i < parameters.size(); i++) {
        count += parameters.get(i).numel();
      }
      return count;
    }
  }

  /**
   * Stores the convolutions' weights in channels-last order, which oneDNN and cuDNN compute faster;
   * values and shapes stay the same.
   */
  public final void channelsLast() {
    checkOpen();
    try (PointerScope scope = new PointerScope()) {
      TensorVector parameters = parameters();
      for (long i = 0; i < parameters.size(); i++) {
        Tensor p = parameters.get(i);
        if (p.dim() == 4) {
          p.set_data(Tensors.channelsLast(p, torch.ScalarType.Float));
        }
      }
    }
  }

  @Override
  public void close() {
    layers.forEach(Module::close);
    super.close();
  }

  /** A square convolution that keeps H and W at stride 1 (padding = kernel / 2). */
  final Conv2dImpl conv(String name, int in, int out, int kernel, int stride, boolean bias) {
    Conv2dOptions options = new Conv2dOptions(in, out, new LongPointer(kernel, kernel));
    options.stride().put(new long[] {stride, stride});
    options.padding().put(new LongPointer(kernel / 2, kernel / 2));
    options.bias().put(bias);
    Conv2dImpl conv = add(name, new Conv2dImpl(options));
    torch.normal_(conv.weight(), 0, Math.sqrt(2.0 / ((double) in * kernel * kernel)));
    if (bias) {
      torch.constant_(conv.bias(), new Scalar(0.0));
    }
    return conv;
  }

  final BatchNorm2dImpl batchNorm(String name, int channels) {
    return add(name, new BatchNorm2dImpl(new BatchNormOptions(channels)));
  }

  /** A dense layer; {@code gain} is 2 where it feeds a rectifier, else 1. */
  final LinearImpl dense(String name, int in, int out, double gain) {
    LinearImpl dense = add(name, new LinearImpl(in, out));
    torch.normal_(dense.weight(), 0, Math.sqrt(gain / in));
    torch.constant_(dense.bias(), new Scalar(0.0));
    return dense;
  }

  private <M extends Module> M add(String name, M layer) {
    register_module(name, layer);
    layers.add(layer);
    return layer;
  }
}
