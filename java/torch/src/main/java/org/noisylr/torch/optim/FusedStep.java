package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;

/** Peer of {@code noisylr::FusedStep}: a view of a native optimizer, which it does not outlive. */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
class FusedStep extends Pointer {
  static {
    NativeLibrary.load(FusedStep.class);
  }

  FusedStep(Pointer p) {
    super(p);
  }

  @Function
  @Cast("int")
  native int implementation();

  @Function
  native void implementation(@Cast("noisylr::Implementation") int implementation);
}
