package org.noisylr.torch;

import java.util.HashSet;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.parameter_iterator;
import org.bytedeco.pytorch.parameter_list;

/** Helpers for TorchScript modules, which {@code torch.jit.script} makes in Python. */
public final class TorchScript {
  private TorchScript() {}

  /**
   * Returns the parameters of a module and its submodules, for an optimizer: references to the
   * module's tensors, in the order of Python's {@code parameters()}, a shared one once.
   */
  public static TensorVector parameters(JitModule module) {
    TensorVector parameters = new TensorVector();
    Set<Long> seen = new HashSet<>();
    try (PointerScope scope = new PointerScope()) {
      parameter_list list = module.parameters();
      parameter_iterator end = list.end();
      for (parameter_iterator each = list.begin(); each.notEquals(end); each.increment()) {
        Tensor parameter = each.multiply();
        if (seen.add(parameter.unsafeGetTensorImpl().address())) {
          parameters.push_back(parameter);
        }
      }
    }
    return parameters;
  }
}
