package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.loop.TrainerFixture.NOISE;
import static org.noisylr.train.loop.TrainerFixture.STEPS_PER_EPOCH;
import static org.noisylr.train.loop.TrainerFixture.config;
import static org.noisylr.train.loop.TrainerFixture.run;
import static org.noisylr.train.loop.TrainerFixture.settings;
import static org.noisylr.train.loop.TrainerFixture.withTrainer;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.TestConfig;
import org.noisylr.train.metric.EpochMetrics;

class TrainerTest {
  @Test
  void aLambdaDrivesTheTrainer() {
    Schedule halves = (step, stepsPerEpoch) -> 0.04 / (1 << step / stepsPerEpoch);
    TrainingConfig config =
        settings(OptimizerSpec.Kind.SGD, 0.04, 3)
            .schedule(halves)
            .noise(NoiseSpec.none())
            .training();
    assertThat(run(config).stream().map(EpochMetrics::lr)).containsExactly(0.04, 0.02, 0.01);
  }

  @Test
  void noiseThatCountsStepsIsRejected() {
    assertThatThrownBy(
            () ->
                settings(OptimizerSpec.Kind.SGD, 0.04, 3)
                    .noise(NoiseSpec.uniform(8).stepsPerEpoch(5))
                    .training())
        .isInstanceOf(InputException.class)
        .hasMessage("noise.stepsPerEpoch must be 0, but is 5");
  }

  @Test
  void anEpochReportsItsLastStepAndTheRealisedRate() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.MOMENTUM, 0.01, 3));
    for (int e = 0; e < 3; e++) {
      EpochMetrics m = metrics.get(e);
      assertThat(m.epoch()).isEqualTo(e);
      assertThat(m.step()).isEqualTo((e + 1) * STEPS_PER_EPOCH - 1);
      assertThat(m.baseLr()).isEqualTo(0.01);
      assertThat(m.factor()).isEqualTo(NOISE.factor(e, 0, 0));
      assertThat(m.lr()).isEqualTo(0.01 * m.factor());
      assertThat(m.trainAcc()).isBetween(0.0, 1.0);
    }
    assertThat(metrics.get(0).factor()).isEqualTo(1);
  }

  @Test
  void trainingReducesTheLoss() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.MOMENTUM, 0.01, 12));
    // A guess among ten classes has a loss of ln 10 = 2.30 and an accuracy of 0.10.
    assertThat(metrics.get(0).trainLoss()).isGreaterThan(2);
    assertThat(metrics.get(11).trainLoss()).isLessThan(1.2);
    assertThat(metrics.get(11).testAcc()).isGreaterThan(0.5);
  }

  @Test
  void theSameSeedGivesTheSameMetricsBitForBit() {
    TrainingConfig config = config(OptimizerSpec.Kind.MOMENTUM, 0.01, 2);
    assertThat(run(config)).isEqualTo(run(config));
  }

  @Test
  void l4TrainsWithNoiseOnItsAlpha() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.L4MOM, 0.15, 12));
    assertThat(metrics.get(11).trainLoss()).isLessThan(1.5);
    assertThat(metrics.get(5).lr()).isEqualTo(0.15 * NOISE.factor(5, 0, 0));
  }

  @ParameterizedTest
  @EnumSource
  void stockAndFusedStepsGiveTheSameMetricsBitForBit(OptimizerSpec.Kind kind) {
    TestConfig settings = settings(kind, 0.001, 1);
    List<EpochMetrics> fused = run(settings.training());
    assertThat(run(settings.implementation(Implementation.STOCK).training())).isEqualTo(fused);
  }

  @Test
  void bf16TrainsAlmostLikeFp32() {
    TestConfig settings = settings(OptimizerSpec.Kind.MOMENTUM, 0.01, 2);
    EpochMetrics exact = run(settings.training()).get(1);
    EpochMetrics rounded = run(settings.precision(Precision.BF16).training()).get(1);
    assertThat(rounded.trainLoss())
        .isNotEqualTo(exact.trainLoss())
        .isCloseTo(exact.trainLoss(), within(0.1));
  }

  @Test
  void aNonFiniteLossStopsTheRunWithEpochStepAndRate() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, 1e30, 3);
    assertThatThrownBy(() -> run(config))
        .isInstanceOf(DivergedException.class)
        .hasMessageMatching(
            "the training loss became (NaN|Infinity) in epoch 1 at step 2 of the run, with learning rate"
                + " 1\\.0E30");
  }

  @Test
  void listenersObserveTheStepsAndTheEndOfAnEpoch() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, 0.01, 1);
    List<String> events = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {
            events.add(epoch + ": " + stepsDone + "/" + stepsPerEpoch);
          }

          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            events.add("epoch " + metrics.epoch());
          }
        };
    withTrainer(config, (trainer, model) -> trainer.runEpoch(List.of(listener)));
    assertThat(events).containsExactly("0: 5/5", "epoch 0");
  }

  @Test
  void theJavaAllocationOfAStepDoesNotGrowWithTheBatch() {
    long small = allocationOfAnEpoch(2);
    long large = allocationOfAnEpoch(60);
    // A batch of 60 images has 47,040 pixels, of 2 images 1,568; both are drawn five times.
    assertThat(large).isCloseTo(small, within(2_000L));
  }

  private static long allocationOfAnEpoch(int batchSize) {
    TrainingConfig config =
        settings(OptimizerSpec.Kind.MOMENTUM, 0.01, 2).batchSize(batchSize).training();
    return withTrainer(
        config,
        STEPS_PER_EPOCH * batchSize,
        UnaryOperator.identity(),
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          long before = allocated();
          trainer.runEpoch(List.of());
          return allocated() - before;
        });
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  @Test
  void impossibleSettingsAreRejected() {
    TestConfig settings = new TestConfig();
    assertRejected(() -> settings.epochs(0).training(), "epochs must be at least 1, but is 0");
    assertRejected(
        () -> settings.epochs(1).batchSize(0).training(),
        "batch size must be at least 1, but is 0");
    assertRejected(
        () -> new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 1, 0, Implementation.FUSED),
        "momentum must be in [0, 1), but is 1.0");
    assertRejected(
        () -> new OptimizerSpec(OptimizerSpec.Kind.SGD, 0, Double.NaN, Implementation.FUSED),
        "weight decay must be finite, but is NaN");
  }
}
