package org.noisylr.torch.optim;

import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;

/**
 * A closure that answers with a loss or throws: a null or freed tensor, one that a PointerScope in
 * the closure took along for instance, would crash the native caller.
 */
final class CheckedClosure extends LossClosure {
  private final LossClosure closure;

  private CheckedClosure(LossClosure closure) {
    this.closure = closure;
  }

  /** Wraps {@code closure}; null stays null. */
  static LossClosure of(LossClosure closure) {
    return closure == null ? null : new CheckedClosure(closure);
  }

  @Override
  public Tensor call() {
    return loss(closure);
  }

  static Tensor loss(LossClosure closure) {
    Tensor loss = closure.call();
    if (loss == null || loss.isNull()) {
      throw new IllegalStateException(
          "the closure returned no loss, or one that is closed already");
    }
    return loss;
  }
}
