package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.noise.NoiseSpec;

/**
 * A random learning rate for any existing {@code torch::optim::Optimizer}: call {@link #step()}
 * here instead of on the optimizer.
 *
 * <p>The hook does not own the optimizer; close the hook first. Once either is closed, its methods
 * throw IllegalStateException.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class StepHook extends Pointer implements NoisyOptimizer {
  static {
    NativeLibrary.load(StepHook.class);
  }

  private final Optimizer optimizer;
  private final NoLoss noLoss = new NoLoss();

  /**
   * @param optimizer the optimizer whose steps get the noise; must stay open
   * @param noise the noise on its learning rates
   * @throws RuntimeException if the optimizer has noise of its own
   */
  public StepHook(Optimizer optimizer, NoiseSpec noise) {
    super((Pointer) null);
    this.optimizer = open(optimizer);
    allocate(optimizer, NativeNoiseSpec.of(noise));
  }

  private native void allocate(@ByRef Optimizer optimizer, @ByVal NativeNoiseSpec noise);

  /**
   * One step of the optimizer with the realised learning rate.
   *
   * @return an undefined tensor, the same object each time
   */
  public Tensor step() {
    checkOpen();
    nativeStep();
    return noLoss.get();
  }

  /**
   * One step that evaluates the loss itself.
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

  /** Writes what the optimizer writes, and the noise with its epoch and steps. */
  public void save(OutputArchive archive) {
    checkOpen();
    nativeSave(archive);
  }

  /** Loads the optimizer and the noise; an archive without noise leaves the noise as it is. */
  public void load(InputArchive archive) {
    checkOpen();
    nativeLoad(archive);
  }

  @Name("save")
  private native void nativeSave(@ByRef OutputArchive archive);

  @Name("load")
  private native void nativeLoad(@ByRef InputArchive archive);

  @Name("step")
  private native void nativeStep();

  @Name("step")
  private native @ByVal Tensor nativeStep(@ByVal Closure closure);

  private void checkOpen() {
    open(this);
    open(optimizer);
  }

  LrNoise state() {
    checkOpen();
    return new LrNoise(this);
  }
}
