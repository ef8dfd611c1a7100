package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.internal.LossCallback;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Changes each step of an optimizer, which it does not own: call {@link #step()} here instead of on
 * the optimizer. Once either is closed, a step throws IllegalStateException.
 */
public abstract class OptimizerWrapper extends Pointer {
  static {
    NativeLibrary.load();
  }

  private final Optimizer optimizer;

  /**
   * @throws IllegalStateException if the optimizer is closed
   */
  protected OptimizerWrapper(Optimizer optimizer) {
    super((Pointer) null);
    this.optimizer = open(optimizer);
  }

  /** The wrapped optimizer. */
  protected final Optimizer optimizer() {
    return open(optimizer);
  }

  /** As {@link NoisyOptimizer#step()}. */
  public Tensor step() {
    open(this);
    open(optimizer);
    nativeStep();
    return NativeLibrary.UNDEFINED;
  }

  /** As {@link NoisyOptimizer#step(LossClosure)}; the closure may be called more than once. */
  public Tensor step(LossClosure closure) {
    if (closure == null) {
      return step();
    }
    open(this);
    open(optimizer);
    return LossCallback.evaluate(this::nativeStep, closure);
  }

  /** Sets the gradients of the optimizer's parameters to none. */
  public void zero_grad() {
    optimizer().zero_grad();
  }

  protected abstract void nativeStep();

  protected abstract Tensor nativeStep(LossCallback closure);

  /** Throws if a step is in progress. */
  protected abstract void nativeClose();

  @Override
  public boolean releaseReference() {
    if (isNull() || referenceCount() > 1) {
      return super.releaseReference();
    }
    nativeClose();
    setNull(); // JavaCPP frees the native object once this one is unreachable
    return true;
  }
}
