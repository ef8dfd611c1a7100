package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
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

  static LrNoise of(NoisyOptimizer optimizer) {
    Pointer open = open((Pointer) optimizer);
    return open instanceof StepHook hook ? hook.state() : NativeLibrary.lr_noise((Optimizer) open);
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
  native @Const @ByRef NativeNoiseSpec noise();
}
