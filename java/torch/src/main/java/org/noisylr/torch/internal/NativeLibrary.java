package org.noisylr.torch.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.MemberSetter;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.LibTorch;

/**
 * The JNI library of this module and the native library that it binds, {@code native/}.
 *
 * <p>LibTorch is loaded first, so that the dynamic linker resolves libnoisylr's dependency on it by
 * name to the copy that bytedeco unpacked.
 */
@Namespace("noisylr")
@Properties(
    @Platform(
        include = {
          "c10/util/Logging.h",
          "binding.h",
          "noisylr/captured_step.h",
          "noisylr/l4.h",
          "noisylr/memory.h",
          "noisylr/noisy.h",
          "noisylr/perturbation.h",
          "noisylr/state.h"
        },
        library = "jninoisylr",
        preload = "noisylr",
        preloadresource = "/org/noisylr/nativelib/"))
public final class NativeLibrary {
  static {
    LibTorch.load();
    Loader.load(NativeLibrary.class);
  }

  private static final Tensor UNDEFINED_OWNER = new Tensor().retainReference();

  /** What a step without a closure returns. It does not own its memory: closing it does nothing. */
  public static final Tensor UNDEFINED =
      new Tensor((Pointer) null) {
        {
          address = UNDEFINED_OWNER.address();
        }
      };

  private NativeLibrary() {}

  /**
   * Loads the libraries unless they are loaded. Every class with native methods calls it, itself or
   * in a superclass.
   */
  public static void load() {}

  private static URL cudaGraphs() {
    return NativeLibrary.class.getResource(
        "/org/noisylr/nativelib/"
            + Loader.getPlatform()
            + "/"
            + System.mapLibraryName("noisylr_cuda"));
  }

  /** Whether this build has the graphs of CUDA. */
  public static boolean hasCudaGraphs() {
    return cudaGraphs() != null;
  }

  /**
   * Loads the graphs of CUDA.
   *
   * @throws UnsupportedOperationException if this build does not have them
   */
  public static synchronized void loadCudaGraphs() {
    if (!hasCudaGraphs()) {
      throw new UnsupportedOperationException(
          "this build of noisylr has no CUDA graphs: build it with -Pgpu where CUDA's headers are");
    }
    try {
      // Loading it once more does nothing.
      System.load(Loader.cacheResource(cudaGraphs()).getPath());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack libnoisylr_cuda", e);
    }
  }

  /** Sets what LibTorch logs: 0 everything, 1 warnings, 2 errors, 3 fatal errors. */
  @Namespace
  @Name("FLAGS_caffe2_log_level")
  @MemberSetter
  public static native void logLevel(int least);

  /** Returns {@code pointer}, or throws IllegalStateException if it is closed. */
  public static <P extends Pointer> P open(P pointer) {
    if (pointer.isNull()) {
      throw new IllegalStateException(pointer.getClass().getSimpleName() + " is closed");
    }
    return pointer;
  }

  /** One step of an open optimizer without a closure. */
  public static Tensor step(Optimizer optimizer) {
    nativeStep(open(optimizer));
    return UNDEFINED;
  }

  /** One step of an open optimizer; throws exactly what the closure throws. */
  public static Tensor step(Optimizer optimizer, LossClosure closure) {
    open(optimizer);
    return closure == null
        ? step(optimizer)
        : LossCallback.evaluate(callback -> nativeStep(optimizer, callback), closure);
  }

  /**
   * Closes a noisy optimizer or L4: frees its state and gives up its parameters. JavaCPP frees the
   * object itself once neither the optimizer nor a reference into it is reachable.
   *
   * @return false if it is closed already
   * @throws RuntimeException if a step is in progress
   */
  public static boolean close(Optimizer optimizer) {
    if (optimizer.isNull()) {
      return false;
    }
    nativeClose(optimizer);
    optimizer.setNull();
    return true;
  }

  @Name("step")
  private static native void nativeStep(@ByRef Optimizer optimizer);

  @Name("step")
  private static native @ByVal Tensor nativeStep(
      @ByRef Optimizer optimizer, @ByVal LossCallback closure);

  @Name("close")
  private static native void nativeClose(@ByRef Optimizer optimizer);
}
