package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;

/**
 * Something random around each step of any optimizer, a noisy one too: call {@link #step()} here
 * instead of on the optimizer.
 *
 * <p>What a step draws is a function of the seed, the number of the step and the number of the
 * parameter: Philox of these three seeds a generator of the parameter's device. LibTorch's own
 * generators are left as they are.
 *
 * <p>The perturbation does not own the optimizer; close the perturbation first. Once either is
 * closed, its methods throw IllegalStateException.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public abstract sealed class Perturbation extends Pointer
    permits GradientNoise, Langevin, PerturbedDescent, Alrao {
  static {
    NativeLibrary.load(Perturbation.class);
  }

  private final Optimizer optimizer;
  private final NoLoss noLoss = new NoLoss();

  Perturbation(Optimizer optimizer) {
    super((Pointer) null);
    this.optimizer = open(optimizer);
  }

  /**
   * One perturbed step.
   *
   * @return an undefined tensor, the same object each time
   */
  public Tensor step() {
    checkOpen();
    nativeStep();
    return noLoss.get();
  }

  /**
   * One perturbed step that evaluates the loss itself.
   *
   * @param closure computes the loss and its gradients; may be called more than once
   * @return the loss
   */
  public Tensor step(LossClosure closure) {
    checkOpen();
    if (closure == null) {
      return step();
    }
    try (Closure callback = Closure.of(closure)) {
      return nativeStep(callback);
    }
  }

  /** The number of steps done, the counter of what is drawn. */
  public final long steps() {
    checkOpen();
    return nativeSteps();
  }

  /**
   * Sets the number of steps done, for a run that goes on from a checkpoint.
   *
   * @param steps at least 0
   */
  public final void steps(long steps) {
    checkOpen();
    nativeSteps(Check.atLeast("steps", steps, 0));
  }

  final void checkOpen() {
    open(this);
    open(optimizer);
  }

  @Name("step")
  private native void nativeStep();

  @Name("step")
  private native @ByVal Tensor nativeStep(@ByVal Closure closure);

  @Function
  @Name("steps")
  @Cast("int64_t")
  private native long nativeSteps();

  @Function
  @Name("steps")
  private native void nativeSteps(@Cast("int64_t") long steps);
}
