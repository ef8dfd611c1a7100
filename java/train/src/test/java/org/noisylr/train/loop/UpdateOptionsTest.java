package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.loop.TrainerFixture.copy;
import static org.noisylr.train.loop.TrainerFixture.run;
import static org.noisylr.train.loop.TrainerFixture.runFromSavedEpoch;
import static org.noisylr.train.loop.TrainerFixture.settings;
import static org.noisylr.train.loop.TrainerFixture.withTrainer;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.metric.EpochMetrics;

class UpdateOptionsTest {
  private static TestConfig plain(double lr) {
    return settings(OptimizerSpec.Kind.SGD, lr, 2)
        .noise(NoiseSpec.none())
        .augmentation(Augmentation.NONE);
  }

  @Test
  void accumulatedBatchesAreOneLargeBatch() {
    TestConfig settings = settings(OptimizerSpec.Kind.MOMENTUM, 0.01, 2);
    List<EpochMetrics> whole =
        run(settings.augmentation(Augmentation.NONE).batchSize(80).training());
    List<EpochMetrics> parts =
        run(settings.batchSize(20).update(new UpdateOptions(4, null, 0, null)).training());
    for (int epoch = 0; epoch < 2; epoch++) {
      EpochMetrics expected = whole.get(epoch);
      EpochMetrics metrics = parts.get(epoch);
      // 300 examples: the last step has 60.
      assertThat(metrics.step()).isEqualTo(expected.step()).isEqualTo(4 * (epoch + 1) - 1);
      assertThat(metrics.lr()).isEqualTo(expected.lr());
      assertThat(metrics.trainLoss()).isCloseTo(expected.trainLoss(), within(1e-5));
      assertThat(metrics.testLoss()).isCloseTo(expected.testLoss(), within(1e-5));
    }
  }

  @Test
  void gradientsAreScaledDownToTheNorm() {
    double lr = 0.5;
    double norm = 0.001;
    TestConfig settings = plain(lr).weightDecay(0).batchSize(300);
    assertThat(movement(settings.update(new UpdateOptions(1, norm, 0, null)).training()))
        .isCloseTo(lr * norm, within(1e-6));
    double free = movement(settings.update(UpdateOptions.PLAIN).training());
    assertThat(free).isGreaterThan(100 * lr * norm);
    assertThat(movement(settings.update(new UpdateOptions(1, 1e6, 0, null)).training()))
        .as("a norm that is not reached has no effect")
        .isCloseTo(free, within(1e-6));
  }

  /** Returns the L2 norm of the change of all weights in an epoch. */
  private static double movement(TrainingConfig config) {
    return withTrainer(
        config,
        (trainer, model) -> {
          Map<String, Tensor> before = copy(trainer.state());
          trainer.runEpoch(List.of());
          double squares = 0;
          for (Map.Entry<String, Tensor> entry : trainer.state().entrySet()) {
            if (entry.getKey().startsWith("model.")) {
              Tensor change = entry.getValue().sub(before.get(entry.getKey()));
              squares += change.mul(change).sum().item_double();
            }
          }
          return Math.sqrt(squares);
        });
  }

  /** With ten equally likely classes, the loss of the first epoch hardly depends on smoothing. */
  @Test
  void smoothingMixesTheMeanLossOfAllClassesIntoTheTrainingLossOnly() {
    TestConfig settings = plain(0);
    EpochMetrics hard = run(settings.training()).get(0);
    EpochMetrics half =
        run(settings.update(new UpdateOptions(1, null, 0.5, null)).training()).get(0);
    EpochMetrics quarter =
        run(settings.update(new UpdateOptions(1, null, 0.25, null)).training()).get(0);
    assertThat(half.testLoss()).isEqualTo(hard.testLoss());
    assertThat(half.trainLoss()).isNotCloseTo(hard.trainLoss(), within(1e-4));
    // The loss is linear in the smoothing.
    assertThat(quarter.trainLoss())
        .isCloseTo((hard.trainLoss() + half.trainLoss()) / 2, within(1e-6));
  }

  @Test
  void anAverageWithoutMemoryIsTheWeights() {
    TestConfig settings = plain(0.05);
    assertThat(run(settings.update(new UpdateOptions(1, null, 0, 0.0)).training()))
        .isEqualTo(run(settings.update(UpdateOptions.PLAIN).training()));
  }

  @Test
  void theAverageIsEvaluatedAndDoesNotChangeTheTraining() {
    TestConfig settings = plain(0.05);
    List<EpochMetrics> weights = run(settings.training());
    List<EpochMetrics> average =
        run(settings.update(new UpdateOptions(1, null, 0, 0.999)).training());
    EpochMetrics still = run(plain(0).training()).get(0);
    assertThat(average.get(1).trainLoss()).isEqualTo(weights.get(1).trainLoss());
    assertThat(average.get(1).testLoss())
        .as("still close to the initial weights")
        .isCloseTo(still.testLoss(), within(0.1))
        .isGreaterThan(weights.get(1).testLoss() + 0.3);
  }

  @Test
  void aRunWithAllOptionsResumes() {
    TrainingConfig config =
        settings(OptimizerSpec.Kind.ADAMW, 0.002, 3)
            .batchSize(20)
            .update(new UpdateOptions(3, 1.0, 0.1, 0.9))
            .training();
    assertThat(runFromSavedEpoch(config)).isEqualTo(run(config).subList(1, 3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "0 | - | 0 | - | accumulate must be at least 1, but is 0",
        "1 | 0 | 0 | - | clip norm must be greater than 0, but is 0.0",
        "1 | NaN | 0 | - | clip norm must be finite, but is NaN",
        "1 | - | 1 | - | label smoothing must be in [0, 1), but is 1.0",
        "1 | - | 0 | 1 | ema must be in [0, 1), but is 1.0"
      })
  void badValuesAreNamed(
      int accumulate, Double clipNorm, double smoothing, Double ema, String message) {
    assertThatThrownBy(() -> new UpdateOptions(accumulate, clipNorm, smoothing, ema))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }
}
