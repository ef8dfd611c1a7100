package org.noisylr.launcher;

import java.util.function.IntSupplier;
import org.noisylr.check.Check;
import org.noisylr.train.run.Cpu;
import picocli.CommandLine.Option;

/** The option for the threads of LibTorch. */
final class ThreadsOption {
  @Option(names = "--threads", paramLabel = "N")
  private Integer threads;

  /**
   * Returns the number of threads.
   *
   * @param other the number if the option is not given
   * @throws org.noisylr.check.InputException if the given number is out of range
   */
  int orElse(IntSupplier other) {
    return threads == null
        ? other.getAsInt()
        : (int) Check.within("--threads", threads, 1, Cpu.processors());
  }
}
