package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.internal.NativeLibrary;

/** Peer of {@code noisylr::NoisyOptimizer}. A reference that must not outlive it. */
@Namespace("noisylr")
@Name("NoisyOptimizer")
@Properties(inherit = NativeLibrary.class)
class NativeOptimizer extends LrNoise {
  static {
    NativeLibrary.load();
  }

  NativeOptimizer(Pointer p) {
    super(p);
  }

  static NativeOptimizer of(Optimizer optimizer) {
    return NativeNoise.noisy_optimizer(open(optimizer));
  }

  @Function
  @Cast("int")
  native int implementation();

  @Function
  native void implementation(@Cast("noisylr::Implementation") int implementation);
}
