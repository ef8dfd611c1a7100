package org.noisylr.bench;

import org.bytedeco.pytorch.Optimizer;
import org.noisylr.torch.optim.StepHook;
import org.noisylr.train.run.Cpu;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The cost of noise in LibTorch's step: the same optimizer alternates between steps with a hook and
 * steps without. Two optimizers, or two processes, differ by their memory addresses, which cost far
 * more than the noise.
 */
@State(Scope.Benchmark)
public class NoiseCostBenchmark extends ShortRuns {
  /** Successive steps of the same kind. */
  private static final int TURN = 10;

  /** Time of each kind of step, in ns. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Spent {
    public long plain;
    public long noisy;
  }

  @Param public Algorithm algorithm;

  private Optimizer plain;
  private StepHook noisy;
  private boolean noisyFirst;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    plain = algorithm.plain(ParameterSet.RESNET20.create());
    noisy = new StepHook(plain, Algorithm.NOISE);
  }

  @Benchmark
  public void turns(Spent spent) {
    noisyFirst = !noisyFirst;
    if (noisyFirst) {
      spent.noisy += turn(noisy::step);
    }
    spent.plain += turn(plain::step);
    if (!noisyFirst) {
      spent.noisy += turn(noisy::step);
    }
  }

  private static long turn(Runnable step) {
    long start = System.nanoTime();
    for (int i = 0; i < TURN; i++) {
      step.run();
    }
    return System.nanoTime() - start;
  }

  @TearDown
  public void close() {
    noisy.close();
    plain.close();
  }
}
