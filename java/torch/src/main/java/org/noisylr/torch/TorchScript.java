package org.noisylr.torch;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.named_buffer_iterator;
import org.bytedeco.pytorch.named_buffer_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;

/** Helpers for TorchScript modules, which {@code torch.jit.script} makes in Python. */
public final class TorchScript {
  /** The exception at the end of the traceback of TorchScript code. */
  private static final Pattern EXCEPTION = Pattern.compile("(?m)^\\w*(?:Error|Exception): (.+)$");

  private TorchScript() {}

  /**
   * Returns the parameters of a module and its submodules, for an optimizer: references to the
   * module's tensors, in the order of Python's {@code parameters()}, a shared one once.
   */
  public static TensorVector parameters(JitModule module) {
    return new TensorVector(namedParameters(module).values().toArray(Tensor[]::new));
  }

  /**
   * Returns the parameters of a module and its submodules by name: references to the module's
   * tensors, in the order of Python's {@code named_parameters()}, a shared one once.
   */
  public static Map<String, Tensor> namedParameters(JitModule module) {
    Distinct tensors = new Distinct();
    try (PointerScope scope = new PointerScope()) {
      named_parameter_list list = module.named_parameters();
      named_parameter_iterator end = list.end();
      for (named_parameter_iterator each = list.begin(); each.notEquals(end); each.increment()) {
        tensors.add(each.multiply());
      }
    }
    return tensors.byName;
  }

  /** Returns the buffers in the same way. */
  public static Map<String, Tensor> namedBuffers(JitModule module) {
    Distinct tensors = new Distinct();
    try (PointerScope scope = new PointerScope()) {
      named_buffer_list list = module.named_buffers();
      named_buffer_iterator end = list.end();
      for (named_buffer_iterator each = list.begin(); each.notEquals(end); each.increment()) {
        tensors.add(each.multiply());
      }
    }
    return tensors.byName;
  }

  private static final class Distinct {
    private final Map<String, Tensor> byName = new LinkedHashMap<>();
    private final Set<Long> seen = new HashSet<>();

    void add(NamedTensor named) {
      Tensor tensor = named.value();
      if (tensor.defined() && seen.add(tensor.unsafeGetTensorImpl().address())) {
        byName.put(named.name().getString(), new Tensor(tensor).retainReference());
      }
    }
  }

  /**
   * Returns the reason of an error of TorchScript in one line: LibTorch's message has a traceback
   * of many lines.
   */
  public static String reason(RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    Matcher exception = EXCEPTION.matcher(message);
    String reason = null;
    while (exception.find()) {
      reason = exception.group(1);
    }
    return reason == null ? message.lines().findFirst().orElse("") : reason;
  }
}
