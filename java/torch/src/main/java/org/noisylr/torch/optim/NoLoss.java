package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/**
 * The undefined tensor that steps without a closure return. LibTorch's bindings make a new Java
 * object for it in every step; this is the same one until somebody closes or overwrites it.
 */
final class NoLoss {
  private Tensor tensor = new Tensor((Pointer) null);

  Tensor get() {
    if (tensor.isNull() || tensor.defined()) {
      tensor = new Tensor().retainReference();
    }
    return tensor;
  }
}
