package org.noisylr.torch.optim;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.StdVector;
import org.bytedeco.pytorch.Optimizer;

/**
 * Peer of {@code noisylr::LrNoise}, the noise state inside a native optimizer or hook. A view: it
 * owns nothing and lives no longer than its optimizer.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
class LrNoise extends Pointer {
  static {
    NativeLibrary.load(LrNoise.class);
  }

  LrNoise(Pointer p) {
    super(p);
  }

  /** Enters the guard of an optimizer or hook; within it, {@link #of} may be used. */
  static Guard.Use use(NoisyOptimizer optimizer) {
    return optimizer instanceof StepHook hook
        ? hook.use()
        : Guard.of((Optimizer) optimizer).use((Pointer) optimizer);
  }

  static LrNoise of(NoisyOptimizer optimizer) {
    return optimizer instanceof StepHook hook
        ? new LrNoise(hook)
        : NativeLibrary.lr_noise((Optimizer) optimizer);
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
}
