package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LossClosure;
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
  void everyStepIsThePlainOptimizersBitForBit(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer plain = pair.plain(expected.parameters(), LR);
        Optimizer fused = pair.fused(actual.parameters(), LR)) {
      for (int step = 0; step < STEPS; step++) {
        expected.step(plain);
        actual.step(fused);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theImplementationMayChangeBetweenSteps(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer plain = pair.noisy(expected.parameters(), LR, NoiseSpec.none());
        Optimizer changing = pair.noisy(actual.parameters(), LR, NoiseSpec.none())) {
      FusedOptimizer fused = (FusedOptimizer) changing;
      assertThat(fused.implementation()).isEqualTo(Implementation.FUSED);
      for (int step = 0; step < 20; step++) {
        Implementation implementation = Implementation.values()[step % 2];
        fused.implementation(implementation);
        assertThat(fused.implementation()).isEqualTo(implementation);
        expected.step(plain);
        actual.step(changing);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClosureIsCalledOnceAndItsLossReturned(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    int[] calls = new int[1];
    try (Optimizer plain = pair.plain(expected.parameters(), LR);
        Optimizer fused = pair.fused(actual.parameters(), LR)) {
      LossClosure closure =
          new LossClosure() {
            @Override
            public Tensor call() {
              calls[0]++;
              fused.zero_grad();
              return actual.backward();
            }
          };
      for (int step = 0; step < 5; step++) {
        plain.zero_grad();
        float loss = expected.backward().item_float();
        plain.step();
        assertThat(fused.step(closure).item_float()).isEqualTo(loss);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
    assertThat(calls[0]).isEqualTo(5);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"SGD", "ADAGRAD"})
  void sparseGradientsThatLibTorchRefusesAreRefused(Pair pair) {
    Tensor weight = torch.ones(4, 2).requires_grad_(true);
    try (Optimizer fused = pair.fused(new TensorVector(weight), LR)) {
      weight.mutable_grad().put(torch.ones(4, 2).to_sparse());
      assertThatThrownBy(fused::step).hasMessageContaining("does not support sparse gradients");
      assertThat(weight.sum().item_float()).isEqualTo(8);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStepWithoutClosureReturnsAnUndefinedTensorWhateverBecameOfTheLastOne(Pair pair) {
    Problem problem = new Problem();
    try (Optimizer plain = pair.plain(problem.parameters(), LR);
        Optimizer fused = pair.fused(problem.parameters(), LR);
        StepHook hook = new StepHook(plain, NoiseSpec.none())) {
      problem.backward();
      for (Supplier<Tensor> step :
          List.<Supplier<Tensor>>of(plain::step, fused::step, hook::step)) {
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
  void stepsWithoutClosureAllocateNoJavaMemoryWorthSpeakingOf(Pair pair) {
    Problem problem = new Problem();
    problem.backward();
    try (Optimizer plain = pair.plain(problem.parameters(), LR);
        Optimizer fused = pair.fused(problem.parameters(), LR);
        Optimizer noisy = pair.noisy(problem.parameters(), LR, NoiseSpec.uniform(8));
        StepHook hook = new StepHook(plain, NoiseSpec.uniform(8))) {
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

  @ParameterizedTest
  @EnumSource
  void aClosedOptimizerThrowsAndClosingAgainDoesNothing(Pair pair) {
    Optimizer optimizer = pair.fused(new Problem().parameters(), LR);
    FusedOptimizer fused = (FusedOptimizer) optimizer;
    fused.close();
    fused.close();
    Map<String, Runnable> uses =
        Map.of(
            "step", optimizer::step,
            "step with closure", () -> optimizer.step((LossClosure) null),
            "implementation", fused::implementation,
            "set implementation", () -> fused.implementation(Implementation.STOCK),
            "state", () -> OptimizerState.read(optimizer));
    uses.forEach(
        (name, use) ->
            assertThatIllegalStateException()
                .as(name)
                .isThrownBy(use::run)
                .withMessage(optimizer.getClass().getSimpleName() + " is closed"));
  }
}
