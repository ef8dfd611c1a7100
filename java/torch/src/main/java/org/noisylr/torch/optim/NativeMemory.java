package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;

/** What the C library does with the memory that LibTorch allocates and frees. */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NativeMemory {
  static {
    NativeLibrary.load(NativeMemory.class);
  }

  private NativeMemory() {}

  /**
   * Makes the C library keep freed memory for the next allocation instead of giving it back to the
   * kernel, for the whole process and from now on. Training on a CPU allocates the same blocks in
   * every step, and otherwise waits for the kernel to clear their pages each time. Resident memory
   * stays at its peak.
   *
   * @return whether it did; false where the allocator is not glibc's
   */
  public static boolean keepFreed() {
    return keep_freed_memory();
  }

  /**
   * The bytes that the C library has handed out and not got back: all that is alive in native code,
   * tensors on a CPU and all else. 0 where the allocator is not glibc's.
   */
  static long allocated() {
    return allocated_memory();
  }

  private static native boolean keep_freed_memory();

  @Cast("size_t")
  private static native long allocated_memory();
}
