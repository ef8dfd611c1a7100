package org.noisylr.bench;

import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.torch.optim.FusedOptimizer;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.run.Cpu;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One optimizer step over the parameters of a model, whose gradients are set. */
@State(Scope.Benchmark)
public class StepBenchmark extends ShortRuns {
  /** The implementation of the step. */
  public enum Variant {
    /** LibTorch's optimizer. */
    PLAIN,
    /** LibTorch's step with noise. */
    NOISY_STOCK,
    /** The fused step without noise. */
    FUSED,
    /** The fused step with noise. */
    NOISY_FUSED
  }

  // JMH varies the alphabetically last parameter fastest: a round's variants run in sequence.
  @Param public Algorithm algorithm;
  @Param public ParameterSet parameters;
  @Param public Variant variant;

  private Optimizer optimizer;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    TensorVector tensors = parameters.create();
    optimizer =
        switch (variant) {
          case PLAIN -> algorithm.plain(tensors);
          case FUSED -> algorithm.fused(tensors);
          case NOISY_STOCK, NOISY_FUSED -> algorithm.noisy(tensors);
        };
    if (variant == Variant.NOISY_STOCK) {
      ((FusedOptimizer) optimizer).implementation(Implementation.STOCK);
    }
  }

  @Benchmark
  public void step() {
    optimizer.step();
  }

  @TearDown
  public void close() {
    optimizer.close();
  }
}
