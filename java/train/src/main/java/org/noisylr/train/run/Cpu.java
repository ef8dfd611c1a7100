package org.noisylr.train.run;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.NativeMemory;

/** Sets up processors and memory for LibTorch in this process. */
public final class Cpu {
  private Cpu() {}

  /** Returns the number of processors that this process may use; a container may limit it. */
  public static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /**
   * Returns this process's share of the processors, at least 1: they are divided among the ranks on
   * this machine, whose number the variable {@code LOCAL_WORLD_SIZE} holds.
   */
  public static int processorsOfRank() {
    String ranks = System.getenv("LOCAL_WORLD_SIZE");
    return ranks == null || !ranks.matches("[1-9]\\d{0,4}")
        ? processors()
        : Math.max(1, processors() / Integer.parseInt(ranks));
  }

  /**
   * Sets the process up for training.
   *
   * <p>OpenBLAS gets one thread: its threads spin between products and take the cores from
   * LibTorch's. With them, a step of cnn28 took twice as long on 2 cores. Freed memory is kept, see
   * {@link NativeMemory#keepFreed}. NNPACK, which LibTorch may use for convolutions of a few
   * images, is off: it prints a warning on every processor that it does not support.
   *
   * @param threads the number of threads for LibTorch's operations, at least 1
   */
  public static void configure(int threads) {
    LibTorch.load();
    torch.set_num_threads(threads);
    openblas_nolapack.blas_set_num_threads(1);
    torch.globalContext().setUserEnabledNNPACK(false);
    NativeMemory.keepFreed();
  }
}
