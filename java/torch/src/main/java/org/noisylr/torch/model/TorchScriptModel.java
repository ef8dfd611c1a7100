package org.noisylr.torch.model;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.GraphOptimizerEnabledGuard;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.TorchScript;

/**
 * A TorchScript module as a model. It takes one tensor and returns one tensor.
 *
 * <p>The model's parameters and buffers are the module's own tensors, with the module's names. A
 * tensor with several names has the first one. The module must change its buffers in place, as
 * BatchNorm does, and keep no other state.
 *
 * <p>LibTorch's graph optimizer is off: it changes the rounding after the first calls, and a run
 * that resumes could not repeat that. So the values are those of the Python module.
 *
 * <p>A TorchScript file contains a program, which LibTorch interprets. Load only files that you
 * would execute.
 */
public final class TorchScriptModel extends Model {
  private final JitModule module;
  private final Map<String, Tensor> buffers;
  private final Map<String, Module> modules = new HashMap<>();

  private TorchScriptModel(JitModule module) {
    super("TorchScriptModel");
    this.module = module;
    Map<String, Tensor> parameters = TorchScript.namedParameters(module);
    parameters.forEach(
        (name, parameter) ->
            parent(name).register_parameter(last(name), parameter, parameter.requires_grad()));
    parameters.values().forEach(Tensor::close);
    buffers = TorchScript.namedBuffers(module);
    buffers.forEach((name, buffer) -> parent(name).register_buffer(last(name), buffer));
  }

  /**
   * Loads a module to the CPU.
   *
   * @throws RuntimeException if LibTorch cannot read the file
   */
  public static TorchScriptModel load(Path file) {
    return new TorchScriptModel(
        torch.load(file.toString(), new DeviceOptional(new Device("cpu")), false));
  }

  /**
   * Saves the module with its current weights, for {@code torch.jit.load}.
   *
   * @throws RuntimeException if LibTorch cannot write the file
   */
  public void save(Path file) {
    checkOpen();
    module.save(file.toString());
  }

  /** Returns the module of a parameter or submodule, this one or one below it. */
  private Module parent(String name) {
    int dot = name.lastIndexOf('.');
    if (dot < 0) {
      return this;
    }
    String path = name.substring(0, dot);
    Module known = modules.get(path);
    if (known == null) {
      known = new Module(last(path));
      parent(path).register_module(last(path), known);
      modules.put(path, known);
    }
    return known;
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /**
   * Returns the name of a buffer that the module has replaced by another tensor, so that it is no
   * longer part of the model; empty if there is none.
   */
  public Optional<String> replacedBuffer() {
    checkOpen();
    Map<String, Tensor> current = TorchScript.namedBuffers(module);
    Optional<String> replaced =
        buffers.keySet().stream()
            .filter(
                name -> !current.containsKey(name) || !current.get(name).is_same(buffers.get(name)))
            .findFirst();
    current.values().forEach(Tensor::close);
    return replaced;
  }

  @Override
  Tensor logits(Tensor input) {
    try (GraphOptimizerEnabledGuard unoptimized = new GraphOptimizerEnabledGuard(false)) {
      IValue output = module.forward(new IValueVector(new IValue(contiguous(input))));
      if (!output.isTensor()) {
        throw new RuntimeException(
            "its output must be a tensor, but is a " + output.tagKind().getString());
      }
      return output.toTensor();
    } catch (RuntimeException e) {
      throw new RuntimeException(TorchScript.reason(e), e);
    }
  }

  /** Returns images in the order of PyTorch's own, which {@code view} in a module may require. */
  private static Tensor contiguous(Tensor input) {
    return input.dim() == 4
        ? input.to(
            input.scalar_type(),
            false,
            true,
            new MemoryFormatOptional(torch.MemoryFormat.Contiguous))
        : input;
  }

  /** Does nothing: the module chooses the order of its weights. */
  @Override
  public void channelsLast() {
    checkOpen();
  }

  @Override
  public void train(boolean on) {
    super.train(on);
    module.train(on);
  }

  @Override
  public void eval() {
    train(false);
  }

  @Override
  public void close() {
    modules.values().forEach(Module::close);
    buffers.values().forEach(Tensor::close);
    module.close();
    super.close();
  }
}
