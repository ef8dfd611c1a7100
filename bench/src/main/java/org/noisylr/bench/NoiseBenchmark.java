package org.noisylr.bench;

import java.util.concurrent.TimeUnit;
import org.noisylr.noise.NoiseSpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The noise factors of successive epochs. */
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class NoiseBenchmark extends ShortRuns {
  /** The distribution of the factor. */
  public enum Distribution {
    UNIFORM(NoiseSpec.uniform(8)),
    GAUSSIAN(NoiseSpec.gaussian(4, 1));

    private final NoiseSpec noise;

    Distribution(NoiseSpec noise) {
      this.noise = noise.seed(42);
    }
  }

  @Param public Distribution distribution;

  private long epoch;

  @Benchmark
  public double factor() {
    return distribution.noise.factor(epoch++, 0, 0);
  }
}
