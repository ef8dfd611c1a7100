package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * The state of a {@code torch::optim} SGD, Adam, AdamW, Adagrad or RMSprop, noisy or not, as named
 * tensors: momentum buffers, moments and step counts, not options or learning rates. A checkpoint
 * made of them contains no code, unlike a LibTorch archive.
 *
 * <p>Names are {@code GROUP.PARAMETER.FIELD}, {@code 0.3.momentum_buffer} for instance; a step
 * count is an {@code int64} scalar.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class OptimizerState {
  static {
    NativeLibrary.load();
  }

  private OptimizerState() {}

  /**
   * Reads the state. Buffers share the optimizer's memory, so they change with its next step; the
   * tensors may outlive the optimizer.
   */
  public static Map<String, Tensor> read(Optimizer optimizer) {
    StringVector names = new StringVector();
    TensorVector tensors = new TensorVector();
    optimizer_state(open(optimizer), names, tensors);
    Map<String, Tensor> state = new LinkedHashMap<>();
    Tensors.putAll(state, names, tensors);
    return state;
  }

  /**
   * Replaces the state by a copy of {@code state}.
   *
   * @throws RuntimeException if a name, shape or type does not fit the optimizer, which does not
   *     change then
   */
  public static void load(Optimizer optimizer, Map<String, Tensor> state) {
    StringVector names = new StringVector(state.keySet().toArray(String[]::new));
    TensorVector tensors = new TensorVector(state.values().toArray(Tensor[]::new));
    load_optimizer_state(open(optimizer), names, tensors);
  }

  private static native void optimizer_state(
      @ByRef Optimizer optimizer, @ByRef StringVector names, @ByRef TensorVector tensors);

  private static native void load_optimizer_state(
      @ByRef Optimizer optimizer,
      @Const @ByRef StringVector names,
      @Const @ByRef TensorVector tensors);
}
