package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.StdVector;
import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Peer of {@code noisylr::LrNoise}, the noise of a native optimizer or hook. A reference that must
 * not outlive it.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
class LrNoise extends Pointer {
  static {
    NativeLibrary.load();
  }

  /** Keeps the native object reachable. */
  private NoisyOptimizer owner;

  LrNoise(Pointer p) {
    super(p);
  }

  static LrNoise of(NoisyOptimizer optimizer) {
    LrNoise noise =
        optimizer instanceof StepHook hook
            ? new LrNoise(open(hook))
            : NativeNoise.of(open((Optimizer) optimizer));
    noise.owner = optimizer;
    return noise;
  }

  @Function
  native void epoch(@Cast("int64_t") long epoch);

  @Function
  @Cast("int64_t")
  native long epoch();

  @Function
  native void steps(@Cast("int64_t") long steps);

  @Function
  @Cast("int64_t")
  native long steps();

  @Function
  native @StdVector DoublePointer realised_lrs();

  @Function
  native @ByVal NativeNoiseSpec noise();

  @Function
  native void noise(@Const @ByRef NativeNoiseSpec noise);
}
