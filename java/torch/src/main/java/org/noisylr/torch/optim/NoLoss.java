package org.noisylr.torch.optim;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;

/**
 * The undefined tensor that steps without a closure return. LibTorch's bindings make a new Java
 * object for it in every step; this is one for all optimizers and threads, so nobody can close it,
 * move it or assign to it.
 */
final class NoLoss extends Tensor {
  static final Tensor TENSOR = new NoLoss();

  private NoLoss() {}

  @Override
  public Tensor put(Tensor other) {
    throw refusal();
  }

  @Override
  public Tensor put(TensorBase other) {
    throw refusal();
  }

  private static UnsupportedOperationException refusal() {
    return new UnsupportedOperationException(
        "what a step without a closure returns cannot be assigned to");
  }

  @Override
  @SuppressWarnings("unchecked")
  public NoLoss position(long position) {
    throw refusal();
  }

  @Override
  public boolean releaseReference() {
    return false;
  }

  @Override
  public void deallocate(boolean deallocate) {}

  @Override
  public void setNull() {}
}
