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
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.StepLR;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.noise.NoiseSpec;

class NoisyOptimizerTest {
  private static final double LR = 0.01;
  private static final int STEPS = 100;
  private static final int STEPS_PER_EPOCH = 10;
  private static final NoiseSpec NOISE = NoiseSpec.uniform(8).lastFraction(0.6, 10).seed(42);

  @ParameterizedTest
  @EnumSource
  void withoutNoiseEveryStepIsThePlainOptimizersBitForBit(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer plain = pair.plain(expected.parameters(), LR);
        Optimizer noisy = pair.noisy(actual.parameters(), LR, NoiseSpec.none())) {
      for (int step = 0; step < STEPS; step++) {
        expected.step(plain);
        actual.step(noisy);
        assertThat(actual.values()).isEqualTo(expected.values());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void withNoiseEveryStepIsThePlainOptimizersWithTheLearningRateSetByHand(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer plain = pair.plain(expected.parameters(), LR);
        Optimizer noisy = pair.noisy(actual.parameters(), LR, NOISE)) {
      for (int step = 0; step < STEPS; step++) {
        int epoch = step / STEPS_PER_EPOCH;
        double lr = NOISE.realised(LR, epoch, step, 0);
        setLr(plain, 0, lr);
        expected.step(plain);
        ((NoisyOptimizer) noisy).epoch(epoch);
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
  void theHookAroundAPlainOptimizerEqualsTheNoisyOptimizer(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer noisy = pair.noisy(expected.parameters(), LR, NOISE);
        Optimizer plain = pair.plain(actual.parameters(), LR);
        StepHook hook = new StepHook(plain, NOISE)) {
      for (int step = 0; step < STEPS; step++) {
        ((NoisyOptimizer) noisy).epoch(step / STEPS_PER_EPOCH);
        hook.epoch(step / STEPS_PER_EPOCH);
        expected.step(noisy);
        plain.zero_grad();
        actual.backward();
        hook.step();
        assertThat(actual.values()).isEqualTo(expected.values());
      }
      assertThat(hook.realisedLr()).isEqualTo(((NoisyOptimizer) noisy).realisedLr());
    }
  }

  @ParameterizedTest
  @EnumSource
  void archivesOfPlainAndNoisyOptimizersLoadIntoEachOther(Pair pair, @TempDir Path dir) {
    Problem first = new Problem();
    Problem second = new Problem();
    Problem third = new Problem();
    try (Optimizer plain = pair.plain(first.parameters(), LR);
        Optimizer noisy = pair.noisy(second.parameters(), LR, NOISE);
        Optimizer plainAgain = pair.plain(third.parameters(), LR)) {
      for (int step = 0; step < 5; step++) {
        first.step(plain);
        second.step(noisy);
        third.step(plainAgain);
      }
      save(plain, dir.resolve("plain.pt"));
      load(noisy, dir.resolve("plain.pt"));
      assertThat(((NoisyOptimizer) noisy).noise()).isEqualTo(NOISE);
      save(noisy, dir.resolve("noisy.pt"));
      load(plainAgain, dir.resolve("noisy.pt"));
      for (int step = 0; step < 5; step++) {
        first.step(plain);
        second.step(noisy);
        third.step(plainAgain);
      }
      assertThat(second.values()).isEqualTo(first.values());
      assertThat(third.values()).isEqualTo(first.values());
    }
  }

  @ParameterizedTest
  @EnumSource
  void anArchiveCarriesNoiseEpochAndSteps(Pair pair, @TempDir Path dir) {
    NoiseSpec spec =
        NoiseSpec.gaussian(4, 1)
            .fromEpoch(3)
            .within(1e-4, 0.5)
            .perStep()
            .independentGroups()
            .seed(-7);
    Problem problem = new Problem();
    try (Optimizer saved = pair.noisy(problem.parameters(), LR, spec);
        Optimizer loaded = pair.noisy(problem.parameters(), LR, NoiseSpec.none())) {
      ((NoisyOptimizer) saved).epoch(5);
      problem.step(saved);
      problem.step(saved);
      save(saved, dir.resolve("noisy.pt"));
      load(loaded, dir.resolve("noisy.pt"));
      assertThat(((NoisyOptimizer) loaded).noise()).isEqualTo(spec);
      assertThat(((NoisyOptimizer) loaded).epoch()).isEqualTo(5);
      assertThat(((NoisyOptimizer) loaded).steps()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupsKeepTheirOwnRatesAndMayDrawTheirOwnFactors(Pair pair) {
    NoiseSpec noise = NoiseSpec.uniform(8).independentGroups().seed(1);
    Problem problem = new Problem();
    OptimizerParamGroupVector groups =
        new OptimizerParamGroupVector(
            new OptimizerParamGroup(new TensorVector(problem.a())),
            new OptimizerParamGroup(new TensorVector(problem.b())));
    try (Optimizer optimizer = pair.noisy(groups, LR, noise)) {
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
  void aClosureSeesTheBaseRateAndItsLossIsReturned(Pair pair) {
    Problem problem = new Problem();
    try (Optimizer optimizer = pair.noisy(problem.parameters(), LR, NoiseSpec.uniform(8).seed(1))) {
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

  @ParameterizedTest
  @EnumSource
  void aThrowingClosureLeavesTheBaseRateAndTheStepUncounted(Pair pair) {
    Problem problem = new Problem();
    try (Optimizer optimizer = pair.noisy(problem.parameters(), LR, NoiseSpec.uniform(8).seed(1))) {
      LossClosure closure =
          new LossClosure() {
            @Override
            public Tensor call() {
              throw new IllegalArgumentException("no loss today");
            }
          };
      assertThatThrownBy(() -> optimizer.step(closure)).hasMessageContaining("no loss today");
      assertThat(lr(optimizer, 0)).isEqualTo(LR);
      assertThat(((NoisyOptimizer) optimizer).steps()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClosureWithoutALossThrowsAndTheStepIsNotCounted(Pair pair) {
    Problem problem = new Problem();
    LossClosure none =
        new LossClosure() {
          @Override
          public Tensor call() {
            return null;
          }
        };
    LossClosure freed =
        new LossClosure() {
          @Override
          public Tensor call() {
            Tensor loss = problem.backward();
            loss.close();
            return loss;
          }
        };
    try (Optimizer noisy = pair.noisy(problem.parameters(), LR, NOISE);
        Optimizer plain = pair.plain(problem.parameters(), LR);
        StepHook hook = new StepHook(plain, NOISE)) {
      for (LossClosure closure : new LossClosure[] {none, freed}) {
        assertThatThrownBy(() -> noisy.step(closure)).hasMessageContaining("returned no loss");
        assertThatThrownBy(() -> hook.step(closure)).hasMessageContaining("returned no loss");
      }
      assertThat(((NoisyOptimizer) noisy).steps()).isZero();
      assertThat(hook.steps()).isZero();
      problem.backward();
      hook.step(null);
      assertThat(hook.steps()).isEqualTo(1);
    }
  }

  @Test
  void aHookRefusesAnOptimizerThatHasNoise() {
    Problem problem = new Problem();
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(LR), NOISE)) {
      assertThatThrownBy(() -> new StepHook(optimizer, NOISE))
          .hasMessage("the optimizer has noise of its own already");
    }
  }

  @Test
  void aHookArchivesItsOptimizerAndItsNoise(@TempDir Path dir) {
    Problem problem = new Problem();
    NoiseSpec noise = NoiseSpec.gaussian(2, 1).seed(5);
    try (Optimizer first = Pair.ADAM.plain(problem.parameters(), LR);
        Optimizer second = Pair.ADAM.plain(problem.parameters(), LR);
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
  void tensorsOfAStateOutliveTheVectorsAndTheOptimizerThatTheyCameFrom() throws Exception {
    Problem problem = new Problem();
    Map<String, Tensor> state;
    try (Optimizer optimizer = Pair.SGD.noisy(problem.parameters(), LR, NOISE)) {
      problem.step(optimizer);
      state = OptimizerState.read(optimizer);
    }
    double before = state.get("0.0.momentum_buffer").sum().item_double();
    for (int i = 0; i < 20; i++) {
      System.gc();
      Thread.sleep(5);
      new TensorVector(torch.randn(1000), torch.randn(1000)).close();
    }
    assertThat(state.get("0.0.momentum_buffer").sum().item_double()).isEqualTo(before);
  }

  @Test
  void theNoiseIsReadBackAsGiven() {
    Problem problem = new Problem();
    for (NoiseSpec noise :
        new NoiseSpec[] {NoiseSpec.none(), NOISE, NoiseSpec.gaussian(2, 1).within(0, 1)}) {
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
  void parametersOutliveTheirJavaObjects(Pair pair) {
    Problem kept = new Problem();
    float[] before = kept.values();
    TensorVector parameters = kept.parameters();
    try (Optimizer optimizer = pair.noisy(parameters, LR, NoiseSpec.none())) {
      parameters.close();
      kept.backward();
      Tensor a = kept.a().detach();
      kept.a().close();
      optimizer.step();
      assertThat(optimizer.parameters().size()).isEqualTo(2);
      assertThat(a.createIndexer().getDouble(0, 0)).isNotEqualTo(before[0]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClosedOptimizerThrowsAndClosingAgainDoesNothing(Pair pair) {
    Problem problem = new Problem();
    Optimizer optimizer = pair.noisy(problem.parameters(), LR, NOISE);
    NoisyOptimizer noisy = (NoisyOptimizer) optimizer;
    optimizer.close();
    optimizer.close();
    String message = optimizer.getClass().getSimpleName() + " is closed";
    Map<String, Runnable> uses =
        Map.ofEntries(
            Map.entry("step", optimizer::step),
            Map.entry("step with closure", () -> optimizer.step((LossClosure) null)),
            Map.entry("zero_grad", optimizer::zero_grad),
            Map.entry("zero_grad of a kind", () -> optimizer.zero_grad(true)),
            Map.entry("add_param_group", () -> optimizer.add_param_group(null)),
            Map.entry("add_parameters", () -> optimizer.add_parameters(problem.parameters())),
            Map.entry("parameters", optimizer::parameters),
            Map.entry("size", optimizer::size),
            Map.entry("defaults", optimizer::defaults),
            Map.entry("param_groups", optimizer::param_groups),
            Map.entry("save", () -> optimizer.save(new OutputArchive())),
            Map.entry("load", () -> optimizer.load(new InputArchive())),
            Map.entry("epoch", noisy::epoch),
            Map.entry("set epoch", () -> noisy.epoch(1)),
            Map.entry("steps", noisy::steps),
            Map.entry("set steps", () -> noisy.steps(1)),
            Map.entry("noise", noisy::noise),
            Map.entry("realisedLr", noisy::realisedLr),
            Map.entry("state", () -> OptimizerState.read(optimizer)),
            Map.entry("hook", () -> new StepHook(optimizer, NOISE)));
    uses.forEach(
        (name, use) ->
            assertThatIllegalStateException().as(name).isThrownBy(use::run).withMessage(message));
  }

  @Test
  void aHookThrowsOnceItOrItsOptimizerIsClosed() {
    Problem problem = new Problem();
    SGD optimizer = new SGD(problem.parameters(), new SGDOptions(LR));
    StepHook closed = new StepHook(optimizer, NOISE);
    closed.close();
    closed.close();
    assertThatIllegalStateException().isThrownBy(closed::step).withMessage("StepHook is closed");
    assertThatIllegalStateException().isThrownBy(closed::epoch).withMessage("StepHook is closed");

    try (StepHook hook = new StepHook(optimizer, NOISE)) {
      optimizer.close();
      assertThatIllegalStateException().isThrownBy(hook::step).withMessage("SGD is closed");
      assertThatIllegalStateException().isThrownBy(hook::noise).withMessage("SGD is closed");
    }
  }

  @ParameterizedTest
  @EnumSource
  void stateMovesToAnotherOptimizerThatGoesOnBitForBit(Pair pair) {
    Problem expected = new Problem();
    Problem actual = new Problem();
    try (Optimizer first = pair.noisy(expected.parameters(), LR, NOISE);
        Optimizer again = pair.plain(actual.parameters(), LR);
        Optimizer second = pair.noisy(actual.parameters(), LR, NOISE)) {
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
  void stateOfAnotherOptimizerIsRefused() {
    Problem problem = new Problem();
    try (Optimizer adam = Pair.ADAM.noisy(problem.parameters(), LR, NOISE);
        Optimizer sgd = Pair.SGD.noisy(problem.parameters(), LR, NOISE)) {
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
