package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.bytedeco.pytorch.LossClosure;
import org.junit.jupiter.api.Test;
import org.noisylr.noise.NoiseSpec;

/** Captured steps without a GPU; {@link OptimizersGpuTest} has those with one. */
class CapturedStepTest {
  @Test
  void aBuildWithoutCudaGraphsRejectsThem() {
    assumeFalse(CapturedStep.isSupported(), "this build has CUDA graphs");
    Problem problem = new Problem();
    try (NoisySGD optimizer =
            (NoisySGD) OptimizerFamily.SGD.noisy(problem.parameters(), 0.1, NoiseSpec.none());
        LossClosure closure = problem.closure(optimizer)) {
      assertThatThrownBy(() -> new CapturedStep(optimizer, closure))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage(
              "this build of noisylr has no CUDA graphs: build it with -Pgpu where CUDA's headers are");
    }
  }
}
