package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;

/** The optimizers on a GPU; {@code -Dgpu.device=cpu} tries these tests without one. */
@Tag("gpu")
class OptimizersGpuTest {
  private static final String DEVICE = System.getProperty("gpu.device", "cuda");
  private static final double LR = 0.001;
  private static final int STEPS = 30;

  static {
    LibTorch.load(); // without it, the first start does not find CUDA
  }

  @BeforeEach
  void needsTheDevice() {
    assumeTrue(
        DEVICE.equals("cpu") || torch.cuda_is_available(), "LibTorch finds no CUDA device here");
  }

  private static float[] trained(Problem problem, Optimizer optimizer) {
    float[] before = problem.values();
    try (optimizer) {
      for (int i = 0; i < STEPS; i++) {
        problem.step(optimizer);
      }
    }
    assertThat(problem.values()).isNotEqualTo(before).doesNotContain(Float.NaN);
    return problem.values();
  }

  private static Optimizer stock(Optimizer optimizer) {
    ((FusedOptimizer) optimizer).implementation(Implementation.STOCK);
    return optimizer;
  }

  @ParameterizedTest
  @EnumSource
  void withoutNoiseAStepIsThatOfThePlainOptimizerBitForBit(OptimizerFamily family) {
    Problem stock = new Problem(DEVICE);
    Problem noisy = new Problem(DEVICE);
    assertThat(trained(noisy, stock(family.noisy(noisy.parameters(), LR, NoiseSpec.none()))))
        .isEqualTo(trained(stock, family.stock(stock.parameters(), LR)));
    Problem fused = new Problem(DEVICE);
    Problem noisyFused = new Problem(DEVICE);
    assertThat(trained(noisyFused, family.noisy(noisyFused.parameters(), LR, NoiseSpec.none())))
        .isEqualTo(trained(fused, family.noisy(fused.parameters(), LR, NoiseSpec.none())));
  }

  @ParameterizedTest
  @EnumSource
  void aFusedStepHasTheValuesOfThePlainOptimizers(OptimizerFamily family) {
    Problem stock = new Problem(DEVICE);
    Problem fused = new Problem(DEVICE);
    float[] expected = trained(stock, family.stock(stock.parameters(), LR));
    float[] actual = trained(fused, family.noisy(fused.parameters(), LR, NoiseSpec.none()));
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(2e-5f * Math.abs(expected[i])));
    }
  }

  @ParameterizedTest
  @EnumSource
  void capturedStepsAreThoseThatWouldHaveBeen(OptimizerFamily family) {
    assumeTrue(!DEVICE.equals("cpu"), "steps are captured on CUDA only");
    NoiseSpec noise = NoiseSpec.uniform(8).stepsPerEpoch(7).seed(42);
    Problem plain = new Problem(DEVICE);
    Problem captured = new Problem(DEVICE);
    Optimizer recorded = family.noisy(captured.parameters(), LR, noise);
    float[] expected = trained(plain, family.noisy(plain.parameters(), LR, noise));
    try (recorded;
        LossClosure closure = captured.closure(recorded);
        CapturedStep step = new CapturedStep((FusedOptimizer) recorded, closure)) {
      for (int i = 0; i < STEPS; i++) {
        step.step();
        double realised = noise.realised(LR, i / 7, i, 0);
        assertThat(((NoisyOptimizer) recorded).realisedLr()).isEqualTo(realised);
      }
      assertThat(step.isReplayed()).isTrue();
      step.close();
      step.close();
    }
    float[] actual = captured.values();
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(2e-5f * Math.abs(expected[i])));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNoisyStepIsOneWithTheRateSetByHandBitForBit(OptimizerFamily family) {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(42);
    Problem byNoise = new Problem(DEVICE);
    Problem byHand = new Problem(DEVICE);
    try (Optimizer noisy = family.noisy(byNoise.parameters(), LR, noise);
        Optimizer fused = family.noisy(byHand.parameters(), LR, NoiseSpec.none())) {
      for (int epoch = 0; epoch < STEPS; epoch++) {
        ((NoisyOptimizer) noisy).epoch(epoch);
        byNoise.step(noisy);
        double realised = noise.realised(LR, epoch, 0, 0);
        assertThat(((NoisyOptimizer) noisy).realisedLr()).isEqualTo(realised);
        fused.param_groups().get(0).options().set_lr(realised);
        byHand.step(fused);
        assertThat(byNoise.values()).isEqualTo(byHand.values());
      }
    }
  }
}
