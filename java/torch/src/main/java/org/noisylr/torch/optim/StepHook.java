package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.LossCallback;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * A random learning rate for any {@code torch::optim::Optimizer}: call {@link #step()} here instead
 * of on the optimizer.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class StepHook extends OptimizerWrapper implements NoisyOptimizer {
  /**
   * @param optimizer the optimizer whose steps get the noise; must stay open
   * @param noise the noise on its learning rates
   * @throws RuntimeException if the optimizer has noise of its own
   */
  public StepHook(Optimizer optimizer, NoiseSpec noise) {
    super(optimizer);
    try (NativeNoiseSpec spec = NativeNoiseSpec.of(noise)) {
      allocate(optimizer, spec);
    }
  }

  private native void allocate(@ByRef Optimizer optimizer, @ByVal NativeNoiseSpec noise);

  /** Writes what the optimizer writes, and the noise with epoch and steps if there is noise. */
  public void save(OutputArchive archive) {
    optimizer();
    nativeSave(archive);
  }

  /** Loads the optimizer and the noise; {@link #noise()} states which noise stays. */
  public void load(InputArchive archive) {
    optimizer();
    nativeLoad(archive);
  }

  @Name("save")
  private native void nativeSave(@ByRef OutputArchive archive);

  @Name("load")
  private native void nativeLoad(@ByRef InputArchive archive);

  @Name("step")
  @Override
  protected native void nativeStep();

  @Name("step")
  @Override
  protected native @ByVal Tensor nativeStep(@ByVal LossCallback closure);

  @Name("close")
  @Override
  protected native void nativeClose();
}
