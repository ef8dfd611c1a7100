package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.noise.NoiseSpec;

class FusedOptimizerTest {
  private static final double LR = 0.01;
  private static final int STEPS = 200;

  @ParameterizedTest
  @EnumSource
  void theImplementationMayChangeBetweenSteps(OptimizerFamily family) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer stock = family.noisy(expected.parameters(), LR, NoiseSpec.none());
        Optimizer changing = family.noisy(actual.parameters(), LR, NoiseSpec.none())) {
      FusedOptimizer fused = (FusedOptimizer) changing;
      assertThat(fused.implementation()).isEqualTo(Implementation.FUSED);
      for (int step = 0; step < 20; step++) {
        Implementation implementation = Implementation.values()[step % 2];
        fused.implementation(implementation);
        assertThat(fused.implementation()).isEqualTo(implementation);
        expected.step(stock);
        actual.step(changing);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"SGD", "ADAGRAD"})
  void sparseGradientsThatLibTorchRejectsAreRejected(OptimizerFamily family) {
    Tensor weight = torch.ones(4, 2).requires_grad_(true);
    try (Optimizer fused = family.noisy(new TensorVector(weight), LR, NoiseSpec.none())) {
      weight.mutable_grad().put(torch.ones(4, 2).to_sparse());
      assertThatThrownBy(fused::step).hasMessageContaining("does not support sparse gradients");
      assertThat(weight.sum().item_float()).isEqualTo(8);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStepWithoutClosureReturnsAnUndefinedTensorEvenIfTheLastOneIsClosed(OptimizerFamily family) {
    Problem problem = new Problem();
    try (Optimizer stock = family.stock(problem.parameters(), LR);
        Optimizer fused = family.noisy(problem.parameters(), LR, NoiseSpec.none());
        StepHook hook = new StepHook(stock, NoiseSpec.none())) {
      problem.backward();
      for (Supplier<Tensor> step :
          List.<Supplier<Tensor>>of(stock::step, fused::step, hook::step)) {
        Tensor first;
        try (PointerScope scope = new PointerScope()) {
          first = step.get();
          assertThat(first.defined()).isFalse();
        }
        assertThat(step.get().defined()).isFalse();
        first.close();
        assertThat(step.get().defined()).isFalse();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void stepsWithoutClosureAllocateAtMost100BytesOfJavaMemory(OptimizerFamily family) {
    Problem problem = new Problem();
    problem.backward();
    NoiseSpec noise = NoiseSpec.uniform(8).stepsPerEpoch(10);
    try (Optimizer stock = family.stock(problem.parameters(), LR);
        Optimizer fused = family.noisy(problem.parameters(), LR, NoiseSpec.none());
        Optimizer noisy = family.noisy(problem.parameters(), LR, noise);
        StepHook hook = new StepHook(stock, noise)) {
      for (Runnable step : List.<Runnable>of(fused::step, noisy::step, hook::step)) {
        step.run();
        long before = allocated();
        for (int i = 0; i < 1000; i++) {
          step.run();
        }
        assertThat((allocated() - before) / 1000).isLessThanOrEqualTo(100);
      }
    }
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
