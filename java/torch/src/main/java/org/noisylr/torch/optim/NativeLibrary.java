package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;

/**
 * The JNI library of this package and the native library that it binds, {@code native/}.
 *
 * <p>LibTorch is loaded first: the dynamic linker then resolves libnoisylr's dependency on it by
 * name to the copy that bytedeco unpacked.
 */
@Namespace("noisylr")
@Properties(
    @Platform(
        include = {
          "noisylr/fused.h",
          "noisylr/l4.h",
          "noisylr/memory.h",
          "noisylr/noisy.h",
          "noisylr/perturbation.h",
          "noisylr/retire.h",
          "noisylr/state.h"
        },
        library = "jninoisylr",
        preload = "noisylr",
        preloadresource = "/org/noisylr/nativelib/"))
final class NativeLibrary {
  private NativeLibrary() {}

  static void load(Class<?> peer) {
    LibTorch.load();
    Loader.load(peer);
  }

  /** Returns {@code pointer}, or throws IllegalStateException if its native object is gone. */
  static <P extends Pointer> P open(P pointer) {
    if (pointer.isNull()) {
      throw new IllegalStateException(pointer.getClass().getSimpleName() + " is closed");
    }
    return pointer;
  }

  static native @ByRef FusedStep fused_step(@ByRef Optimizer optimizer);

  static native @ByRef LrNoise lr_noise(@ByRef Optimizer optimizer);

  static native void check_group(
      @Const @ByRef Optimizer optimizer, @Const @ByRef OptimizerParamGroup group);

  static native void set_options(
      @ByRef Optimizer optimizer,
      @Cast("size_t") long group,
      @Const @ByRef OptimizerOptions options);

  static native void reserve_groups(@ByRef Optimizer optimizer, @Cast("size_t") long count);

  static native void retire_groups(
      @ByRef Optimizer optimizer, @Cast("size_t") long first, @Cast("size_t") long last);

  static native void forget_removed(@ByRef Optimizer optimizer);
}
