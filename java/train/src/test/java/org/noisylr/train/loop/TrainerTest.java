package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Examples;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Score;

class TrainerTest {
  private static final ImageDataset DATA = few((ImageDataset) Datasets.open("fashion-mnist-mini"));
  private static final Device CPU = new Device("cpu");
  private static final int STEPS_PER_EPOCH = 5;
  private static final NoiseSpec NOISE = NoiseSpec.uniform(8).fromEpoch(1).seed(3);

  private static ImageDataset few(ImageDataset all) {
    return new ImageDataset(
        all.name(), all.classNames(), all.train().first(300), all.test().first(200));
  }

  private static TrainingConfig config(OptimizerSpec.Kind kind, Schedule schedule, int epochs) {
    return new TrainingConfig(
        new OptimizerSpec(kind, 0.9, kind.isL4() ? 0 : 1e-4, Implementation.FUSED),
        schedule,
        NOISE,
        epochs,
        64,
        new Augmentation(2, true, 1),
        Precision.FP32,
        7);
  }

  private static <T> T withTrainer(TrainingConfig config, BiFunction<Trainer, Cnn28, T> use) {
    return withTrainer(config, DATA.train(), UnaryOperator.identity(), use);
  }

  private static <T> T withTrainer(
      TrainingConfig config,
      ImageSet images,
      UnaryOperator<Examples> wrapping,
      BiFunction<Trainer, Cnn28, T> use) {
    Trainer.seedWeights(config.seed());
    try (Cnn28 model = new Cnn28(1, 10);
        Dataset.OnDevice data =
            new ImageDataset(DATA.name(), DATA.classNames(), images, DATA.test())
                .on(CPU, config.augmentation());
        Trainer trainer =
            new Trainer(model, config, wrapping.apply(data.train()), data.test(), CPU)) {
      return use.apply(trainer, model);
    }
  }

  private static List<EpochMetrics> run(TrainingConfig config) {
    return withTrainer(
        config,
        (trainer, model) -> {
          List<EpochMetrics> metrics = new ArrayList<>();
          while (trainer.nextEpoch() < config.epochs()) {
            metrics.add(trainer.runEpoch(List.of()));
          }
          return metrics;
        });
  }

  @Test
  void anEpochReportsItsLastStepAndTheRealisedRate() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 3));
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
  void trainingLearns() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 12));
    // A guess among ten classes has a loss of ln 10 = 2.30 and an accuracy of 0.10.
    assertThat(metrics.get(0).trainLoss()).isGreaterThan(2);
    assertThat(metrics.get(11).trainLoss()).isLessThan(1.2);
    assertThat(metrics.get(11).testAcc()).isGreaterThan(0.5);
  }

  @Test
  void theSameSeedGivesTheSameMetricsBitForBit() {
    TrainingConfig config = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 2);
    assertThat(run(config)).isEqualTo(run(config));
  }

  @Test
  void l4LearnsWithNoiseOnItsAlpha() {
    List<EpochMetrics> metrics = run(config(OptimizerSpec.Kind.L4MOM, new Constant(0.15), 12));
    assertThat(metrics.get(11).trainLoss()).isLessThan(1.5);
    assertThat(metrics.get(5).lr()).isEqualTo(0.15 * NOISE.factor(5, 0, 0));
  }

  @ParameterizedTest
  @EnumSource
  void stockAndFusedStepsGiveTheSameMetricsBitForBit(OptimizerSpec.Kind kind) {
    TrainingConfig fused = config(kind, new Constant(0.001), 1);
    OptimizerSpec spec = fused.optimizer();
    TrainingConfig stock =
        new TrainingConfig(
            new OptimizerSpec(kind, spec.momentum(), spec.weightDecay(), Implementation.STOCK),
            fused.schedule(),
            fused.noise(),
            fused.epochs(),
            fused.batchSize(),
            fused.augmentation(),
            fused.precision(),
            fused.seed());
    assertThat(run(stock)).isEqualTo(run(fused));
  }

  @ParameterizedTest
  @EnumSource
  void aRestoredRunEqualsOneThatNeverStopped(OptimizerSpec.Kind kind) {
    TrainingConfig config = config(kind, new Constant(0.001), 3);
    List<EpochMetrics> whole = run(config);
    Map<String, Tensor> saved = new LinkedHashMap<>();
    withTrainer(
        config,
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          trainer.state().forEach((name, tensor) -> saved.put(name, tensor.clone()));
          return null;
        });
    List<EpochMetrics> rest =
        withTrainer(
            config,
            (trainer, model) -> {
              trainer.restore(saved, 1, 0);
              return List.of(trainer.runEpoch(List.of()), trainer.runEpoch(List.of()));
            });
    assertThat(rest).isEqualTo(whole.subList(1, 3));
  }

  @ParameterizedTest
  @EnumSource
  void aRunStoppedWithinAnEpochAndRestoredEqualsOneThatNeverStopped(OptimizerSpec.Kind kind) {
    TrainingConfig config = config(kind, new Constant(0.001), 2);
    List<EpochMetrics> whole = run(config);
    Map<String, Tensor> end =
        withTrainer(
            config,
            (trainer, model) -> {
              trainer.runEpoch(List.of());
              trainer.runEpoch(List.of());
              return copy(trainer.state());
            });
    for (int steps : new int[] {2, STEPS_PER_EPOCH}) {
      int last = steps;
      StopSignal stop = new StopSignal();
      Map<String, Tensor> saved =
          withTrainer(
              config,
              DATA.train(),
              examples -> new Stopping(examples, stop, STEPS_PER_EPOCH + last),
              (trainer, model) -> {
                assertThat(trainer.runEpoch(List.of(), stop)).contains(whole.get(0));
                assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
                assertThat(trainer.nextEpoch()).isEqualTo(1);
                assertThat(trainer.stepsDone()).isEqualTo(last);
                return copy(trainer.state());
              });
      withTrainer(
          config,
          (trainer, model) -> {
            trainer.restore(saved, 1, last);
            assertThat(trainer.runEpoch(List.of())).isEqualTo(whole.get(1));
            assertThat(trainer.state().keySet()).isEqualTo(end.keySet());
            trainer
                .state()
                .forEach((name, tensor) -> assertThat(tensor.equal(end.get(name))).isTrue());
            return null;
          });
    }
  }

  @Test
  void aTrainerThatIsStoppedBeforeAStepHasDoneNothing() {
    TrainingConfig config = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 1);
    StopSignal stop = new StopSignal();
    stop.request();
    EpochMetrics metrics =
        withTrainer(
            config,
            (trainer, model) -> {
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.stepsDone()).isZero();
              assertThat(trainer.state().keySet()).noneMatch(name -> name.startsWith("epoch."));
              return trainer.runEpoch(List.of());
            });
    assertThat(metrics).isEqualTo(run(config).get(0));
  }

  @Test
  void aStoppedTrainerGoesOnByItself() {
    TrainingConfig config = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 1);
    StopSignal stop = new StopSignal();
    EpochMetrics metrics =
        withTrainer(
            config,
            DATA.train(),
            examples -> new Stopping(examples, stop, 2),
            (trainer, model) -> {
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.stepsDone()).isEqualTo(2);
              return trainer.runEpoch(List.of());
            });
    assertThat(metrics).isEqualTo(run(config).get(0));
  }

  private static Map<String, Tensor> copy(Map<String, Tensor> state) {
    Map<String, Tensor> copy = new HashMap<>();
    state.forEach((name, tensor) -> copy.put(name, tensor.clone()));
    return copy;
  }

  /** Asks to stop while batch number {@code last}, from 1, is taken. */
  private static final class Stopping implements Examples {
    private final Examples examples;
    private final StopSignal stop;
    private int left;

    Stopping(Examples examples, StopSignal stop, int last) {
      this.examples = examples;
      this.stop = stop;
      left = last;
    }

    @Override
    public Batch training(Tensor indices) {
      if (--left == 0) {
        stop.request();
      }
      return examples.training(indices);
    }

    @Override
    public int count() {
      return examples.count();
    }

    @Override
    public int classes() {
      return examples.classes();
    }

    @Override
    public int evaluationBatch() {
      return examples.evaluationBatch();
    }

    @Override
    public Score newScore() {
      return examples.newScore();
    }

    @Override
    public Batch evaluation(long first, long length) {
      return examples.evaluation(first, length);
    }

    @Override
    public void close() {
      examples.close();
    }
  }

  @Test
  void aClosedTrainerThrowsAndClosesTwice() {
    withTrainer(
        config(OptimizerSpec.Kind.ADAM, new Constant(0.01), 2),
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          trainer.close();
          trainer.close();
          assertThatThrownBy(() -> trainer.runEpoch(List.of()))
              .isInstanceOf(IllegalStateException.class)
              .hasMessage("NoisyAdam is closed");
          return null;
        });
  }

  @Test
  void aModelThatIsClosedBeforeItsTrainerStopsTheRun() {
    withTrainer(
        config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 2),
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          model.close();
          assertThatThrownBy(() -> trainer.runEpoch(List.of()))
              .isInstanceOf(RuntimeException.class);
          return null;
        });
  }

  @Test
  void foreignStateIsRefusedAndChangesNothing() {
    TrainingConfig config = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 2);
    withTrainer(
        config,
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          Map<String, Tensor> good = new HashMap<>();
          trainer.state().forEach((name, tensor) -> good.put(name, tensor.clone()));
          Map<String, Tensor> missing = new HashMap<>(good);
          missing.remove("model.conv1.weight");
          assertThatThrownBy(() -> trainer.restore(missing, 1, 0))
              .isInstanceOf(InputException.class)
              .hasMessage("the checkpoint has 7 of the model's 8 tensors");
          Map<String, Tensor> unknown = new HashMap<>(good);
          unknown.put("model.conv9.weight", good.get("model.conv1.weight"));
          assertThatThrownBy(() -> trainer.restore(unknown, 1, 0))
              .isInstanceOf(InputException.class)
              .hasMessage("the checkpoint's tensor 'model.conv9.weight' does not fit the model");
          Map<String, Tensor> reshaped = new HashMap<>(good);
          reshaped.put("model.conv1.bias", good.get("model.conv2.bias"));
          assertThatThrownBy(() -> trainer.restore(reshaped, 1, 0))
              .isInstanceOf(InputException.class)
              .hasMessage("the checkpoint's tensor 'model.conv1.bias' does not fit the model");
          Map<String, Tensor> optimizer = new HashMap<>(good);
          optimizer.put("optimizer.0.99.momentum_buffer", good.get("model.conv1.bias"));
          assertThatThrownBy(() -> trainer.restore(optimizer, 1, 0))
              .isInstanceOf(InputException.class)
              .hasMessageStartingWith("the checkpoint does not fit the optimizer: ");
          assertThatThrownBy(() -> trainer.restore(good, 1, 2))
              .isInstanceOf(InputException.class)
              .hasMessage(
                  "the checkpoint's tensors of an epoch in progress do not fit one of 5 steps of which"
                      + " 2 are done");
          assertThatThrownBy(() -> trainer.restore(good, 1, 6))
              .isInstanceOf(InputException.class)
              .hasMessage("steps done must be in [0, 5], but is 6");
          trainer
              .state()
              .forEach((name, tensor) -> assertThat(tensor.equal(good.get(name))).isTrue());
          assertThat(trainer.nextEpoch()).isEqualTo(1);
          return null;
        });
  }

  @Test
  void aLossThatIsNoNumberStopsTheRunWithEpochStepAndRate() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, new Constant(1e30), 3);
    assertThatThrownBy(() -> run(config))
        .isInstanceOf(DivergedException.class)
        .hasMessageMatching(
            "the training loss became (NaN|Infinity) in epoch 0 at step 1 \\(both from 0\\), with learning rate"
                + " 1\\.0E30");
  }

  @Test
  void progressIsReportedAtTheEndOfAnEpoch() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, new Constant(0.01), 1);
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
  void javaAllocationOfAStepDoesNotGrowWithTheBatch() {
    long small = allocationOfAnEpoch(2);
    long large = allocationOfAnEpoch(60);
    // A batch of 60 images has 47,040 pixels, of 2 images 1,568; both are drawn five times.
    assertThat(large).isCloseTo(small, within(2_000L));
  }

  private static long allocationOfAnEpoch(int batchSize) {
    TrainingConfig like = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 2);
    TrainingConfig config =
        new TrainingConfig(
            like.optimizer(),
            like.schedule(),
            like.noise(),
            like.epochs(),
            batchSize,
            like.augmentation(),
            like.precision(),
            like.seed());
    return withTrainer(
        config,
        DATA.train().first(STEPS_PER_EPOCH * batchSize),
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
  void bf16TrainsToo() {
    TrainingConfig fp32 = config(OptimizerSpec.Kind.MOMENTUM, new Constant(0.01), 2);
    TrainingConfig bf16 =
        new TrainingConfig(
            fp32.optimizer(),
            fp32.schedule(),
            fp32.noise(),
            fp32.epochs(),
            fp32.batchSize(),
            fp32.augmentation(),
            Precision.BF16,
            fp32.seed());
    EpochMetrics exact = run(fp32).get(1);
    EpochMetrics rounded = run(bf16).get(1);
    assertThat(rounded.trainLoss())
        .isNotEqualTo(exact.trainLoss())
        .isCloseTo(exact.trainLoss(), within(0.1));
  }

  @Test
  void impossibleSettingsAreRefused() {
    TrainingConfig good = config(OptimizerSpec.Kind.SGD, new Constant(0.01), 1);
    assertThatThrownBy(() -> config(OptimizerSpec.Kind.SGD, new Constant(0.01), 0))
        .hasMessage("epochs must be at least 1, but is 0");
    assertThatThrownBy(
            () ->
                new TrainingConfig(
                    good.optimizer(),
                    good.schedule(),
                    good.noise(),
                    1,
                    0,
                    good.augmentation(),
                    good.precision(),
                    0))
        .hasMessage("batch size must be at least 1, but is 0");
    assertThatThrownBy(
            () -> new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 1, 0, Implementation.FUSED))
        .hasMessage("momentum must be in [0, 1), but is 1.0");
    assertThatThrownBy(
            () -> new OptimizerSpec(OptimizerSpec.Kind.SGD, 0, Double.NaN, Implementation.FUSED))
        .hasMessage("weight decay must be finite, but is NaN");
  }
}
