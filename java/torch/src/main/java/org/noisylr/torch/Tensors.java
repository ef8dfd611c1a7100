package org.noisylr.torch;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
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
   * The values as {@code uint8} on the CPU. Bytedeco's {@code create} warns in Java 24 and newer.
   */
  public static Tensor of(byte[] values, long... shape) {
    return onCpu(ScalarType.Byte, values.length, shape, to -> new BytePointer(to).put(values));
  }

  /** The values as {@code int32} on the CPU. */
  public static Tensor of(int[] values, long... shape) {
    return onCpu(ScalarType.Int, values.length, shape, to -> new IntPointer(to).put(values));
  }

  /** The values as {@code float32} on the CPU. */
  public static Tensor of(float[] values, long... shape) {
    return onCpu(ScalarType.Float, values.length, shape, to -> new FloatPointer(to).put(values));
  }

  /** The values as {@code float64} on the CPU. */
  public static Tensor of(double[] values, long... shape) {
    return onCpu(ScalarType.Double, values.length, shape, to -> new DoublePointer(to).put(values));
  }

  private static Tensor onCpu(ScalarType type, int values, long[] shape, Consumer<Pointer> put) {
    if (LongStream.of(shape).reduce(1, Math::multiplyExact) != values) {
      throw new IllegalArgumentException(
          "%d values do not fill %s".formatted(values, Arrays.toString(shape)));
    }
    Tensor tensor = torch.zeros(shape, options(new Device("cpu"), type));
    put.accept(tensor.data_ptr());
    return tensor;
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

  /** Whether a tensor has no NaN and no infinite value. */
  public static boolean isFinite(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      return !tensor.is_floating_point() || tensor.isfinite().all().item_bool();
    }
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
