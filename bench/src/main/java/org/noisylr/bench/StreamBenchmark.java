package org.noisylr.bench;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.train.run.Cpu;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The machine's streaming bandwidth, measured by LibTorch's addition of arrays far larger than the
 * caches.
 */
@State(Scope.Benchmark)
public class StreamBenchmark extends ShortRuns {
  /** Values of an array: 256 MiB. */
  static final long COUNT = 1L << 26;

  /** Floats that {@code a += b} reads or writes per value. */
  static final int TRANSFERS = 3;

  private Tensor a;
  private Tensor b;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    a = torch.zeros(COUNT);
    b = torch.ones(COUNT);
  }

  @Benchmark
  public void add() {
    a.add_(b);
  }
}
