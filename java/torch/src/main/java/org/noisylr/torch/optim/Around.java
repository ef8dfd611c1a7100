package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;

/**
 * Something around each step of an optimizer, which it does not own: call {@link #step()} here
 * instead of on the optimizer. Once either is closed, its methods throw IllegalStateException.
 */
public abstract sealed class Around extends Pointer permits StepHook, Perturbation {
  private final Optimizer optimizer;
  private final Guard guard;

  Around(Optimizer optimizer) {
    super((Pointer) null);
    this.optimizer = optimizer;
    guard = Guard.of(open(optimizer));
  }

  /**
   * One step.
   *
   * @return an undefined tensor, the same object each time; closing it does nothing
   */
  public Tensor step() {
    try (Guard.Use use = guard.step(this, optimizer)) {
      nativeStep();
      return NoLoss.TENSOR;
    }
  }

  /**
   * One step that evaluates the loss itself.
   *
   * @param closure computes the loss and its gradients; may be called more than once
   * @return the loss
   */
  public Tensor step(LossClosure closure) {
    if (closure == null) {
      return step();
    }
    try (Guard.Use use = guard.step(this, optimizer)) {
      return Closure.evaluatedBy(this::nativeStep, closure);
    }
  }

  abstract void nativeStep();

  abstract Tensor nativeStep(Closure closure);

  /** For anything but a step. */
  final Guard.Use use() {
    return guard.use(this, optimizer);
  }

  /** For a constructor's own native part. */
  final Guard.Use inside() {
    return guard.use(optimizer);
  }

  @Override
  public boolean releaseReference() {
    try (Guard.Use use = guard.closing(this)) {
      return super.releaseReference();
    }
  }

  @Override
  public void deallocate(boolean deallocate) {
    try (Guard.Use use = guard.closing(this)) {
      super.deallocate(deallocate);
    }
  }
}
