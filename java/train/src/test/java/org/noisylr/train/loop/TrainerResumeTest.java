package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.loop.TrainerFixture.STEPS_PER_EPOCH;
import static org.noisylr.train.loop.TrainerFixture.config;
import static org.noisylr.train.loop.TrainerFixture.copy;
import static org.noisylr.train.loop.TrainerFixture.run;
import static org.noisylr.train.loop.TrainerFixture.runFromSavedEpoch;
import static org.noisylr.train.loop.TrainerFixture.withTrainer;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.train.data.Examples;
import org.noisylr.train.metric.EpochMetrics;

/** A trainer that is stopped, saved, restored or closed. */
class TrainerResumeTest {
  private static final TrainingConfig ONE_EPOCH = config(OptimizerSpec.Kind.MOMENTUM, 0.01, 1);

  /** Requests a stop while the given training batch, counted from 1, is read. */
  private static UnaryOperator<Examples> stopping(StopSignal stop, int batch) {
    AtomicInteger batches = new AtomicInteger();
    return examples ->
        (Examples)
            Proxy.newProxyInstance(
                Examples.class.getClassLoader(),
                new Class<?>[] {Examples.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("training") && batches.incrementAndGet() == batch) {
                    stop.request();
                  }
                  return method.invoke(examples, arguments);
                });
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void aRunRestoredBetweenEpochsEqualsAnUninterruptedOne(OptimizerSpec.Kind kind) {
    TrainingConfig config = config(kind, 0.001, 3);
    assertThat(runFromSavedEpoch(config)).isEqualTo(run(config).subList(1, 3));
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void aRunRestoredWithinAnEpochEqualsAnUninterruptedOne(OptimizerSpec.Kind kind) {
    TrainingConfig config = config(kind, 0.001, 2);
    List<EpochMetrics> whole = run(config);
    Map<String, Tensor> end =
        withTrainer(
            config,
            (trainer, model) -> {
              run(trainer, 2);
              return copy(trainer.state());
            });
    for (int steps : new int[] {2, STEPS_PER_EPOCH}) {
      Map<String, Tensor> saved = stoppedInSecondEpoch(config, steps, whole.get(0));
      withTrainer(
          config,
          (trainer, model) -> {
            trainer.restore(saved, 1, steps);
            assertThat(trainer.runEpoch(List.of())).isEqualTo(whole.get(1));
            assertSameTensors(trainer.state(), end);
            return null;
          });
    }
  }

  private static Map<String, Tensor> stoppedInSecondEpoch(
      TrainingConfig config, int steps, EpochMetrics firstEpoch) {
    StopSignal stop = new StopSignal();
    return withTrainer(
        config,
        300,
        stopping(stop, STEPS_PER_EPOCH + steps),
        (trainer, model) -> {
          assertThat(trainer.runEpoch(List.of(), stop)).contains(firstEpoch);
          assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
          assertThat(trainer.nextEpoch()).isEqualTo(1);
          assertThat(trainer.stepsDone()).isEqualTo(steps);
          return copy(trainer.state());
        });
  }

  private static void assertSameTensors(Map<String, Tensor> actual, Map<String, Tensor> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach(
        (name, tensor) -> assertThat(tensor.equal(expected.get(name))).as(name).isTrue());
  }

  @Test
  void aTrainerStoppedBeforeItsFirstStepHasDoneNothing() {
    StopSignal stop = new StopSignal();
    stop.request();
    EpochMetrics metrics =
        withTrainer(
            ONE_EPOCH,
            (trainer, model) -> {
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.stepsDone()).isZero();
              assertThat(trainer.state().keySet()).noneMatch(name -> name.startsWith("epoch."));
              return trainer.runEpoch(List.of());
            });
    assertThat(metrics).isEqualTo(run(ONE_EPOCH).get(0));
  }

  @Test
  void aStoppedTrainerContinuesTheEpoch() {
    StopSignal stop = new StopSignal();
    EpochMetrics metrics =
        withTrainer(
            ONE_EPOCH,
            300,
            stopping(stop, 2),
            (trainer, model) -> {
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.runEpoch(List.of(), stop)).isEmpty();
              assertThat(trainer.stepsDone()).isEqualTo(2);
              return trainer.runEpoch(List.of());
            });
    assertThat(metrics).isEqualTo(run(ONE_EPOCH).get(0));
  }

  private static void assertThrowsAfter(BiConsumer<Trainer, Cnn28> closing) {
    withTrainer(
        config(OptimizerSpec.Kind.ADAM, 0.01, 2),
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          closing.accept(trainer, model);
          assertThatThrownBy(() -> trainer.runEpoch(List.of()))
              .isInstanceOf(RuntimeException.class);
          return null;
        });
  }

  @Test
  void aClosedTrainerThrowsAndClosesTwice() {
    assertThrowsAfter(
        (trainer, model) -> {
          trainer.close();
          trainer.close();
        });
  }

  @Test
  void aTrainerOfAClosedModelThrows() {
    assertThrowsAfter((trainer, model) -> model.close());
  }

  @Test
  void foreignStateIsRejectedAndChangesNothing() {
    withTrainer(
        config(OptimizerSpec.Kind.MOMENTUM, 0.01, 2),
        (trainer, model) -> {
          trainer.runEpoch(List.of());
          Map<String, Tensor> good = copy(trainer.state());
          Tensor bias = good.get("model.conv1.bias");
          Map<String, Tensor> missing = new HashMap<>(good);
          missing.remove("model.conv1.weight");
          Map<Map<String, Tensor>, String> rejected =
              Map.of(
                  missing,
                  "the checkpoint has 7 of the model's 8 tensors",
                  with(good, "model.conv9.weight", bias),
                  "the checkpoint's tensor 'model.conv9.weight' does not match the model",
                  with(good, "model.conv1.bias", good.get("model.conv2.bias")),
                  "the checkpoint's tensor 'model.conv1.bias' does not match the model",
                  with(good, "bias", bias),
                  "the checkpoint has an unknown tensor 'bias'");
          rejected.forEach(
              (state, message) -> assertRejected(() -> trainer.restore(state, 1, 0), message));
          assertThatThrownBy(
                  () -> trainer.restore(with(good, "optimizer.0.99.momentum_buffer", bias), 1, 0))
              .isInstanceOf(InputException.class)
              .hasMessageStartingWith("the checkpoint does not match the optimizer: ");
          assertRejected(
              () -> trainer.restore(good, 1, 2),
              "the checkpoint's tensors of an unfinished epoch do not match 2 completed steps of"
                  + " 5");
          assertRejected(
              () -> trainer.restore(good, 1, 6), "steps done must be in [0, 5], but is 6");
          assertSameTensors(trainer.state(), good);
          assertThat(trainer.nextEpoch()).isEqualTo(1);
          return null;
        });
  }

  private static Map<String, Tensor> with(Map<String, Tensor> state, String name, Tensor tensor) {
    Map<String, Tensor> changed = new HashMap<>(state);
    changed.put(name, tensor);
    return changed;
  }
}
