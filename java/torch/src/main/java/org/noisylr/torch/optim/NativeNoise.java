package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.NativeLibrary;

/** The noise as native code computes it, to compare with {@link NoiseSpec}. */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NativeNoise {
  static {
    NativeLibrary.load();
  }

  private NativeNoise() {}

  /**
   * Returns {@link NoiseSpec#factor} as native code computes it: equal, or for Gaussian noise
   * within 4 ulp of the larger of |mean| and |f − mean|.
   */
  public static double factor(NoiseSpec noise, long epoch, long step, long group) {
    try (NativeNoiseSpec spec = NativeNoiseSpec.of(noise)) {
      return factor(spec, epoch, step, group);
    }
  }

  private static native double factor(
      @Const @ByRef NativeNoiseSpec noise,
      @Cast("int64_t") long epoch,
      @Cast("int64_t") long step,
      @Cast("uint64_t") long group);

  @Name("fused_optimizer")
  static native @ByRef LrNoise of(@ByRef Optimizer optimizer);

  @Cast("int")
  static native int implementation(@ByRef Optimizer optimizer);

  static native void implementation(
      @ByRef Optimizer optimizer, @Cast("noisylr::Implementation") int implementation);

  @Name("momentum_form")
  @Cast("int")
  static native int momentumForm(@ByRef SGD optimizer);

  @Name("momentum_form")
  static native void momentumForm(@ByRef SGD optimizer, @Cast("noisylr::MomentumForm") int form);
}
