package org.noisylr.torch;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.noisylr.torch.internal.NativeLibrary;

/** The C library's handling of the memory that LibTorch allocates and frees. */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NativeMemory {
  static {
    NativeLibrary.load();
  }

  private NativeMemory() {}

  /**
   * Makes the C library keep freed memory for later allocations instead of returning it to the
   * kernel, for the whole process. Training on a CPU allocates the same blocks in every step and
   * otherwise waits for the kernel to clear their pages each time. Resident memory stays at its
   * peak.
   *
   * @return true if it does; false if the allocator is not glibc's
   */
  public static boolean keepFreed() {
    return keep_freed_memory();
  }

  /**
   * The bytes that are allocated and not yet freed: CPU tensors and all other native memory. 0 if
   * the allocator is not glibc's.
   */
  public static long allocated() {
    return allocated_memory();
  }

  private static native boolean keep_freed_memory();

  @Cast("size_t")
  private static native long allocated_memory();
}
