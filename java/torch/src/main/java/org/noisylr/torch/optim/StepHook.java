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

/**
 * A random learning rate for any existing {@code torch::optim::Optimizer}: call {@link #step()}
 * here instead of on the optimizer.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class StepHook extends Around implements NoisyOptimizer {
  static {
    NativeLibrary.load(StepHook.class);
  }

  /**
   * @param optimizer the optimizer whose steps get the noise; must stay open
   * @param noise the noise on its learning rates
   * @throws RuntimeException if the optimizer has noise of its own
   */
  public StepHook(Optimizer optimizer, NoiseSpec noise) {
    super(optimizer);
    try (Guard.Use use = inside()) {
      allocate(optimizer, NativeNoiseSpec.of(noise));
    }
  }

  private native void allocate(@ByRef Optimizer optimizer, @ByVal NativeNoiseSpec noise);

  /** Writes what the optimizer writes, and the noise with its epoch and steps. */
  public void save(OutputArchive archive) {
    try (Guard.Use use = use()) {
      nativeSave(archive);
    }
  }

  /** Loads the optimizer and the noise; an archive without noise leaves the noise as it is. */
  public void load(InputArchive archive) {
    try (Guard.Use use = use()) {
      nativeLoad(archive);
    }
  }

  @Name("save")
  private native void nativeSave(@ByRef OutputArchive archive);

  @Name("load")
  private native void nativeLoad(@ByRef InputArchive archive);

  @Name("step")
  @Override
  native void nativeStep();

  @Name("step")
  @Override
  native @ByVal Tensor nativeStep(@ByVal Closure closure);
}
