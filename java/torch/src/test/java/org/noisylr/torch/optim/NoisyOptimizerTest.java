package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.StepLR;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.noise.NoiseSpec;

class NoisyOptimizerTest {
  private static final double LR = 0.01;
  private static final int STEPS = 100;
  private static final int STEPS_PER_EPOCH = 10;
  private static final NoiseSpec NOISE =
      NoiseSpec.uniform(8).lastFraction(0.6, 10).seed(42).stepsPerEpoch(STEPS_PER_EPOCH);

  @ParameterizedTest
  @EnumSource
  void withoutNoiseEveryStepEqualsTheStockOptimizerBitForBit(OptimizerFamily family) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer stock = family.stock(expected.parameters(), LR);
        Optimizer noisy = family.noisy(actual.parameters(), LR, NoiseSpec.none())) {
      for (int step = 0; step < STEPS; step++) {
        expected.step(stock);
        actual.step(noisy);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void withNoiseEveryStepEqualsTheStockOptimizerWithTheLearningRateSetByHand(
      OptimizerFamily family) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer stock = family.stock(expected.parameters(), LR);
        Optimizer noisy = family.noisy(actual.parameters(), LR, NOISE)) {
      for (int step = 0; step < STEPS; step++) {
        int epoch = step / STEPS_PER_EPOCH;
        double lr = NOISE.realised(LR, epoch, step, 0);
        setLr(stock, 0, lr);
        expected.step(stock);
        actual.step(noisy);

        assertThat(((NoisyOptimizer) noisy).realisedLr()).isEqualTo(lr);
        assertThat(lr(noisy, 0)).isEqualTo(LR);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
      assertThat(((NoisyOptimizer) noisy).steps()).isEqualTo(STEPS);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theHookOfAStockOptimizerEqualsTheNoisyOptimizer(OptimizerFamily family) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer noisy = family.noisy(expected.parameters(), LR, NOISE);
        Optimizer stock = family.stock(actual.parameters(), LR);
        StepHook hook = new StepHook(stock, NOISE)) {
      for (int step = 0; step < STEPS; step++) {
        ((NoisyOptimizer) noisy).epoch(step / STEPS_PER_EPOCH);
        hook.epoch(step / STEPS_PER_EPOCH);
        expected.step(noisy);
        stock.zero_grad();
        actual.backward();
        hook.step();
        assertThat(actual.values()).isEqualTo(expected.values());
      }
      assertThat(hook.realisedLr()).isEqualTo(((NoisyOptimizer) noisy).realisedLr());
    }
  }

  @ParameterizedTest
  @EnumSource
  void archivesOfStockAndNoisyOptimizersLoadIntoEachOther(
      OptimizerFamily family, @TempDir Path dir) {
    Problem first = new Problem();
    Problem second = new Problem();
    Problem third = new Problem();
    try (Optimizer stock = family.stock(first.parameters(), LR);
        Optimizer noisy = family.noisy(second.parameters(), LR, NOISE);
        Optimizer plainAgain = family.stock(third.parameters(), LR)) {
      for (int step = 0; step < 5; step++) {
        first.step(stock);
        second.step(noisy);
        third.step(plainAgain);
      }
      save(stock, dir.resolve("stock.pt"));
      load(noisy, dir.resolve("stock.pt"));
      assertThat(((NoisyOptimizer) noisy).noise()).isEqualTo(NOISE);
      save(noisy, dir.resolve("noisy.pt"));
      load(plainAgain, dir.resolve("noisy.pt"));
      for (int step = 0; step < 5; step++) {
        first.step(stock);
        second.step(noisy);
        third.step(plainAgain);
      }
      assertThat(second.values()).isEqualTo(first.values());
      assertThat(third.values()).isEqualTo(first.values());
    }
  }

  @ParameterizedTest
  @EnumSource
  void anArchiveCarriesNoiseEpochAndSteps(OptimizerFamily family, @TempDir Path dir) {
    NoiseSpec spec =
        NoiseSpec.gaussian(4, 1)
            .fromEpoch(3)
            .within(1e-4, 0.5)
            .perStep()
            .independentGroups()
            .seed(-7)
            .stepsPerEpoch(1);
    Problem problem = new Problem();
    try (Optimizer saved = family.noisy(problem.parameters(), LR, spec);
        Optimizer loaded = family.noisy(problem.parameters(), LR, NoiseSpec.none())) {
      ((NoisyOptimizer) saved).epoch(5);
      problem.step(saved);
      problem.step(saved);
      save(saved, dir.resolve("noisy.pt"));
      load(loaded, dir.resolve("noisy.pt"));
      assertThat(((NoisyOptimizer) loaded).noise()).isEqualTo(spec);
      assertThat(((NoisyOptimizer) loaded).epoch()).isEqualTo(7);
      assertThat(((NoisyOptimizer) loaded).steps()).isEqualTo(7);
    }
  }

  @Test
  void anArchiveWithOtherNoiseIsRejectedAndChangesNothing(@TempDir Path dir) {
    Problem problem = new Problem();
    NoiseSpec longer = NOISE.lastFraction(0.6, 100);
    try (NoisySGD saved = new NoisySGD(problem.parameters(), new SGDOptions(LR), NOISE);
        NoisySGD loaded = new NoisySGD(problem.parameters(), new SGDOptions(LR), longer)) {
      problem.step(saved);
      save(saved, dir.resolve("noisy.pt"));
      assertThatThrownBy(() -> load(loaded, dir.resolve("noisy.pt")))
          .hasMessage(
              "the archive has other noise than the optimizer: first_epoch is 4 in the archive,"
                  + " but 40 in the optimizer; load it into an optimizer without noise, then set"
                  + " the noise");
      assertThat(loaded.noise()).isEqualTo(longer);
      assertThat(loaded.steps()).isZero();

      loaded.noise(NoiseSpec.none());
      load(loaded, dir.resolve("noisy.pt"));
      loaded.noise(longer);
      assertThat(loaded.steps()).isEqualTo(1);
    }
  }

  @Test
  void aForgottenEpochThrows() {
    Problem problem = new Problem();
    NoiseSpec noise = NoiseSpec.uniform(8).lastFraction(0.6, 10);
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), noise)) {
      problem.backward();
      assertThatThrownBy(optimizer::step)
          .hasMessage(
              "the noise depends on the epoch, which is unknown: call epoch(e) in each epoch, or"
                  + " give the noise stepsPerEpoch(n) (in C++, steps_per_epoch)");
      optimizer.noise(noise.stepsPerEpoch(10));
      optimizer.step();
      optimizer.noise(noise.fromEpoch(0).perStep());
      optimizer.step();
      assertThat(optimizer.steps()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupsKeepTheirOwnRatesAndCanDrawTheirOwnFactors(OptimizerFamily family) {
    NoiseSpec noise = NoiseSpec.uniform(8).independentGroups().seed(1);
    Problem problem = new Problem();
    OptimizerParamGroupVector groups =
        new OptimizerParamGroupVector(
            new OptimizerParamGroup(new TensorVector(problem.a())),
            new OptimizerParamGroup(new TensorVector(problem.b())));
    try (Optimizer optimizer = family.noisy(groups, LR, noise)) {
      setLr(optimizer, 1, 0.5 * LR);
      NoisyOptimizer noisy = (NoisyOptimizer) optimizer;
      noisy.epoch(4);
      problem.step(optimizer);
      assertThat(noisy.realisedLr(0)).isEqualTo(LR * noise.factor(4, 0, 0));
      assertThat(noisy.realisedLr(1)).isEqualTo(0.5 * LR * noise.factor(4, 0, 1));
      assertThat(lr(optimizer, 0)).isEqualTo(LR);
      assertThat(lr(optimizer, 1)).isEqualTo(0.5 * LR);
      assertThatThrownBy(() -> noisy.realisedLr(2))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("group must be in [0, 1], but is 2");
    }
  }

  @Test
  void aChainedSchedulerDoesNotCompoundTheNoise() {
    Problem problem = new Problem();
    NoiseSpec noise = NoiseSpec.uniform(8).seed(3);
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), noise);
        StepLR scheduler = new StepLR(optimizer, 2, 0.5)) {
      double base = LR;
      for (int epoch = 0; epoch < 8; epoch++) {
        optimizer.epoch(epoch);
        problem.step(optimizer);
        assertThat(optimizer.realisedLr()).isEqualTo(noise.realised(base, epoch, 0, 0));
        scheduler.step();
        // LibTorch's StepLR counts its calls from zero: it halves in the third, fifth, ... call.
        base *= epoch > 0 && epoch % 2 == 0 ? 0.5 : 1;
        assertThat(lr(optimizer, 0)).isEqualTo(base);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClosureSeesTheBaseRateAndItsLossIsReturned(OptimizerFamily family) {
    Problem problem = new Problem();
    try (Optimizer optimizer =
        family.noisy(problem.parameters(), LR, NoiseSpec.uniform(8).stepsPerEpoch(9))) {
      double[] seen = new double[1];
      LossClosure closure =
          new LossClosure() {
            @Override
            public Tensor call() {
              seen[0] = lr(optimizer, 0);
              optimizer.zero_grad();
              return problem.backward();
            }
          };
      Tensor loss = optimizer.step(closure);
      assertThat(loss.item_float()).isFinite();
      assertThat(seen[0]).isEqualTo(LR);
      assertThat(((NoisyOptimizer) optimizer).realisedLr()).isNotEqualTo(LR);
      assertThat(lr(optimizer, 0)).isEqualTo(LR);
    }
  }

  @Test
  void aHookRejectsAnOptimizerThatHasNoise() {
    Problem problem = new Problem();
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), NOISE)) {
      assertThatThrownBy(() -> new StepHook(optimizer, NOISE))
          .hasMessage("the optimizer already has noise of its own");
    }
  }

  @Test
  void aHookSavesItsOptimizerAndItsNoise(@TempDir Path dir) {
    Problem problem = new Problem();
    NoiseSpec noise = NoiseSpec.gaussian(2, 1).seed(5);
    try (Optimizer first = OptimizerFamily.ADAM.stock(problem.parameters(), LR);
        Optimizer second = OptimizerFamily.ADAM.stock(problem.parameters(), LR);
        StepHook saved = new StepHook(first, noise);
        StepHook loaded = new StepHook(second, NoiseSpec.none());
        OutputArchive output = new OutputArchive();
        InputArchive input = new InputArchive()) {
      saved.epoch(3);
      problem.backward();
      saved.step();
      saved.save(output);
      output.save_to(dir.resolve("hook.pt").toString());
      input.load_from(dir.resolve("hook.pt").toString());
      loaded.load(input);
      assertThat(loaded.noise()).isEqualTo(noise);
      assertThat(loaded.epoch()).isEqualTo(3);
      assertThat(loaded.steps()).isEqualTo(1);
      assertThat(OptimizerState.read(second))
          .hasSameSizeAs(OptimizerState.read(first))
          .isNotEmpty();
    }
  }

  @Test
  void theNoiseIsReturnedAsGiven() {
    Problem problem = new Problem();
    for (NoiseSpec noise :
        new NoiseSpec[] {
          NoiseSpec.none(),
          NOISE,
          NoiseSpec.uniform(0.5, 1.5),
          NoiseSpec.logUniform(0.5, 2).perStep(),
          NoiseSpec.gaussian(2, 1).within(0, 1)
        }) {
      try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), noise)) {
        assertThat(optimizer.noise()).isEqualTo(noise);
        assertThat(optimizer.epoch()).isZero();
      }
    }
  }

  @Test
  void epochsAndStepsAreNotNegative() {
    Problem problem = new Problem();
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), NOISE)) {
      assertThatThrownBy(() -> optimizer.epoch(-1))
          .hasMessage("epoch must be at least 0, but is -1");
      assertThatThrownBy(() -> optimizer.steps(-1))
          .hasMessage("steps must be at least 0, but is -1");
    }
  }

  @Test
  void thereIsNoRealisedRateBeforeTheFirstStep() {
    Problem problem = new Problem();
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), NOISE)) {
      assertThatIllegalStateException()
          .isThrownBy(optimizer::realisedLr)
          .withMessage("there is no realised learning rate before the first step");
    }
  }

  @ParameterizedTest
  @EnumSource
  void stateMovesToAnotherOptimizerThatResumesBitForBit(OptimizerFamily family) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer first = family.noisy(expected.parameters(), LR, NOISE);
        Optimizer again = family.stock(actual.parameters(), LR);
        Optimizer second = family.noisy(actual.parameters(), LR, NOISE)) {
      for (int step = 0; step < 5; step++) {
        expected.step(first);
        actual.step(again);
      }
      Map<String, Tensor> state = OptimizerState.read(first);
      assertThat(state).isNotEmpty();
      OptimizerState.load(second, state);
      for (int step = 0; step < 5; step++) {
        expected.step(first);
        actual.step(second);
      }
      assertThat(actual.values()).isEqualTo(expected.values());
    }
  }

  @Test
  void stateOfAnotherOptimizerIsRejected() {
    Problem problem = new Problem();
    try (Optimizer adam = OptimizerFamily.ADAM.noisy(problem.parameters(), LR, NOISE);
        Optimizer sgd = OptimizerFamily.SGD.noisy(problem.parameters(), LR, NOISE)) {
      problem.step(adam);
      Map<String, Tensor> state = OptimizerState.read(adam);
      assertThatThrownBy(() -> OptimizerState.load(sgd, state))
          .hasMessage("state 0.0.exp_avg is unknown to the optimizer");
      assertThat(OptimizerState.read(sgd)).isEmpty();
    }
  }

  private static double lr(Optimizer optimizer, long group) {
    return optimizer.param_groups().get(group).options().get_lr();
  }

  private static void setLr(Optimizer optimizer, long group, double lr) {
    optimizer.param_groups().get(group).options().set_lr(lr);
  }

  private static void save(Optimizer optimizer, Path file) {
    try (OutputArchive archive = new OutputArchive()) {
      optimizer.save(archive);
      archive.save_to(file.toString());
    }
  }

  private static void load(Optimizer optimizer, Path file) {
    try (InputArchive archive = new InputArchive()) {
      archive.load_from(file.toString());
      optimizer.load(archive);
    }
  }
}
