package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;

/** What the C library does with memory that LibTorch frees. */
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

  private static native boolean keep_freed_memory();
}
