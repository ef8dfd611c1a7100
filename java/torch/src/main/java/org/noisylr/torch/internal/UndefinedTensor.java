package org.noisylr.torch.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/**
 * The undefined tensor that a step without a closure returns. LibTorch's bindings create a Java
 * object for it in every step; this is one object for all steps. It does not own its memory, so
 * closing it does nothing.
 */
public final class UndefinedTensor extends Tensor {
  private static final Tensor OWNER = new Tensor().retainReference();

  public static final Tensor INSTANCE = new UndefinedTensor();

  private UndefinedTensor() {
    super((Pointer) null);
    address = OWNER.address();
  }
}
