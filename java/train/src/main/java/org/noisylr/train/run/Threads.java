package org.noisylr.train.run;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/** The CPU threads of LibTorch and of the libraries below it, for the whole process. */
public final class Threads {
  private Threads() {}

  /** The processors that this process may use, which a container may have limited. */
  public static int available() {
    return Runtime.getRuntime().availableProcessors();
  }

  /**
   * Makes LibTorch's operations use up to {@code count} threads.
   *
   * <p>OpenBLAS gets one: its own threads spin between products and take the cores from LibTorch's.
   * With them, a step of cnn28 took twice as long on 2 cores.
   *
   * @param count at least 1
   */
  public static void use(int count) {
    torch.set_num_threads(count);
    openblas_nolapack.blas_set_num_threads(1);
  }
}
