package org.noisylr.torch;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Helpers for bytedeco's tensors. */
public final class Tensors {
  private Tensors() {}

  /** Options of a tensor of {@code type} on {@code device}. */
  public static TensorOptions options(Device device, ScalarType type) {
    return new TensorOptions(device).dtype(new ScalarTypeOptional(type));
  }

  /**
   * A copy of {@code [N, C, H, W]} in channels-last order, as {@code type}.
   *
   * <p>Its strides are channels-last even for C = 1 or H = W = 1, where both orders are the same
   * memory. {@code contiguous} would not change those strides, and LibTorch's operations, which
   * read them, would continue in the other order.
   */
  public static Tensor channelsLast(Tensor tensor, ScalarType type) {
    return tensor.to(type, false, true, new MemoryFormatOptional(MemoryFormat.ChannelsLast));
  }

  /**
   * The parameters, then the buffers of a module, by name: detached tensors that share the module's
   * memory and may outlive it.
   */
  public static Map<String, Tensor> state(Module module) {
    Map<String, Tensor> state = new LinkedHashMap<>();
    putAll(state, module.named_parameters());
    putAll(state, module.named_buffers());
    return state;
  }

  private static void putAll(Map<String, Tensor> target, StringTensorDict source) {
    putAll(target, source.keys(), source.values());
  }

  /**
   * Puts each tensor under its name, detached. Elements of a {@code TensorVector} are references
   * into it, but these own their tensors.
   */
  public static void putAll(Map<String, Tensor> target, StringVector names, TensorVector tensors) {
    for (long i = 0; i < names.size(); i++) {
      target.put(names.get(i).getString(), tensors.get(i).detach());
    }
  }
}
