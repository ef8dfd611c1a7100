package org.noisylr.torch.optim;

import org.bytedeco.pytorch.Tensor;

/**
 * The undefined tensor that steps without a closure return. LibTorch's bindings make a new Java
 * object for it in every step; this is one for all optimizers and threads, so nobody can close it.
 */
final class NoLoss extends Tensor {
  static final Tensor TENSOR = new NoLoss();

  private NoLoss() {}

  /**
   * Is refused: it would give a loss to every step.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public Tensor put(Tensor other) {
    throw new UnsupportedOperationException(
        "what a step without a closure returns cannot be assigned to");
  }

  @Override
  public boolean releaseReference() {
    return false;
  }

  @Override
  public void deallocate(boolean deallocate) {}
}
