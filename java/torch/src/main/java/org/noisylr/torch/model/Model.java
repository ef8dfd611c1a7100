package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm1dImpl;
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
import org.noisylr.torch.Tensors;

/**
 * A network that the trainer can train.
 *
 * <p>A model is a {@code torch::nn::Module}: {@code parameters()}, {@code named_buffers()}, {@code
 * train(boolean)} and {@code to(Device, boolean)} work as in LibTorch. Weights are drawn from
 * LibTorch's default generator, so {@code torch.manual_seed} before the constructor pins them. The
 * weights of a {@link TorchScriptModel} are those in its file. Closing a model frees its modules.
 * Tensors that others still hold, for example an optimizer, stay alive. The methods declared here
 * throw IllegalStateException on a closed model.
 *
 * <p><b>Initialisation.</b> He et al. 2015 ("Delving Deep into Rectifiers", eq. 10): every weight
 * that feeds a rectifier is drawn from N(0, 2 / fan_in). The last dense layer feeds none and is
 * drawn from N(0, 1 / fan_in). Biases are 0; batch norm starts at weight 1, bias 0. Models with
 * another initialisation state it.
 */
public abstract sealed class Model extends Module
    permits DeepLabV3, ImageModel, SentimentLstm, TorchScriptModel {
  private final List<Module> layers = new ArrayList<>();

  Model(String name) {
    super(name);
  }

  /**
   * Computes the logits.
   *
   * @param input {@code float32 [N, C, H, W]} or {@code int64 [N, T]}, as the model states
   * @return logits with the classes in dimension 1; owned by the caller
   * @throws IllegalStateException if the model is closed
   */
  public final Tensor forward(Tensor input) {
    checkOpen();
    return logits(input);
  }

  abstract Tensor logits(Tensor input);

  final void checkOpen() {
    if (isNull()) {
      throw new IllegalStateException(getClass().getSimpleName() + " is closed");
    }
  }

  /** Returns the parameters that require a gradient; references to the model's tensors. */
  public final TensorVector trainedParameters() {
    checkOpen();
    TensorVector trained = new TensorVector();
    try (PointerScope scope = new PointerScope()) {
      TensorVector parameters = parameters();
      for (long i = 0; i < parameters.size(); i++) {
        Tensor parameter = parameters.get(i);
        if (parameter.requires_grad()) {
          trained.push_back(parameter);
        }
      }
    }
    return trained;
  }

  /** Returns the number of trainable values. */
  public final long parameterCount() {
    try (PointerScope scope = new PointerScope()) {
      TensorVector parameters = trainedParameters();
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
  public void channelsLast() {
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
    return conv(name, in, out, kernel, stride, 1, bias);
  }

  /** The same with kernel values {@code dilation} pixels apart. */
  final Conv2dImpl conv(
      String name, int in, int out, int kernel, int stride, int dilation, boolean bias) {
    Conv2dOptions options = new Conv2dOptions(in, out, new LongPointer(kernel, kernel));
    options.stride().put(new long[] {stride, stride});
    long padding = (long) kernel / 2 * dilation;
    options.padding().put(new LongPointer(padding, padding));
    options.dilation().put(new long[] {dilation, dilation});
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

  final BatchNorm1dImpl batchNorm1d(String name, int features) {
    return add(name, new BatchNorm1dImpl(new BatchNormOptions(features)));
  }

  /** The mean over all pixels: {@code [N, C, H, W]} to {@code [N, C]}. */
  static Tensor globalAverage(Tensor x) {
    return x.mean(2, 3);
  }

  /** Batch norm, then a rectifier. */
  static Tensor normRelu(BatchNorm2dImpl norm, Tensor x) {
    return torch.relu_(norm.forward(x));
  }

  /** A dense layer; {@code gain} is 2 if it feeds a rectifier, else 1. */
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
