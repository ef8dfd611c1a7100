package org.noisylr.experiment.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.Selection;

class RunStoreTest {
  @TempDir private Path root;

  private static RunConfig config(int threads, int epochs, Schedule schedule) {
    return config("fashion-mnist-mini", threads, epochs, schedule);
  }

  private static RunConfig config(String data, int threads, int epochs, Schedule schedule) {
    return new RunConfig(
        data,
        null,
        128,
        64,
        ModelName.CNN28,
        null,
        "cpu",
        threads,
        1,
        false,
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            schedule,
            NoiseSpec.uniform(8).lastFraction(0.6, epochs).seed(1),
            epochs,
            64,
            Augmentation.NONE,
            Precision.FP32,
            UpdateOptions.PLAIN,
            1),
        Selection.BY_TEST);
  }

  private static RunConfig config(int threads) {
    return config(threads, 3, new Constant(0.01));
  }

  @Test
  void theKeyDependsOnWhatIsTrainedAndNotWhere() {
    assertThat(RunStore.key(config(1))).matches("[0-9a-f]{16}").isEqualTo(RunStore.key(config(2)));
    assertThat(RunStore.key(config(1)))
        .isNotEqualTo(RunStore.key(config(1, 4, new Constant(0.01))))
        .isNotEqualTo(RunStore.key(config(1, 3, new Constant(0.02))));
  }

  @Test
  void aFinishedRunKeepsNoCheckpoints() throws IOException {
    RunStore store = new RunStore(root);
    String key = RunStore.key(config(1));
    assertThat(store.finished(key)).isEmpty();
    assertThat(store.execute(config(1), List.of(), new StopSignal()))
        .isEqualTo(new Outcome(Status.DONE, ""));
    assertThat(store.finished(key).orElseThrow().metrics()).hasSize(3);
    try (Stream<Path> files = Files.list(store.folder(key))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              ".lock",
              "config.yaml",
              "environment.yaml",
              "metrics.csv",
              "timing.csv",
              "result.json");
    }
  }

  @Test
  void aFinishedRunIsNotRepeated() throws IOException {
    RunStore store = new RunStore(root);
    store.execute(config(1), List.of(), new StopSignal());
    Path metrics = store.folder(RunStore.key(config(1))).resolve("metrics.csv");
    String before = Files.readString(metrics);
    TrainingListener never =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics epoch, double seconds) {
            throw new AssertionError("an epoch was trained again");
          }
        };
    assertThat(new RunStore(root).execute(config(1), List.of(never), new StopSignal()).status())
        .isEqualTo(Status.DONE_ELSEWHERE);
    assertThat(Files.readString(metrics)).isEqualTo(before);
  }

  @Test
  void theErrorOfARunOnAnAbsentDeviceNamesTheRemedy() throws IOException {
    assumeFalse(torch.cuda_is_available());
    RunStore store = new RunStore(root);
    String key = RunStore.key(config(1));
    store.execute(config(1), List.of(stoppingAfter(0)), new StopSignal());
    Path file = store.folder(key).resolve("config.yaml");
    Files.writeString(file, Files.readString(file).replace("device: cpu", "device: \"cuda:1\""));
    Outcome outcome = store.execute(config(1), List.of(), new StopSignal());
    assertThat(outcome.status()).isEqualTo(Status.FAILED);
    assertThat(outcome.message())
        .startsWith("device is cuda:1, but ")
        .endsWith("; delete " + store.folder(key) + " to start this run again on another device");
  }

  private static final class Stop extends RuntimeException {
    Stop() {
      super("stopped");
    }
  }

  private static TrainingListener stoppingAfter(int epoch) {
    return new TrainingListener() {
      @Override
      public void onEpoch(EpochMetrics metrics, double seconds) {
        if (metrics.epoch() == epoch) {
          throw new Stop();
        }
      }
    };
  }

  @Test
  void aRunResumesWithTheThreadsItStartedWith() {
    RunStore store = new RunStore(root);
    String key = RunStore.key(config(1));
    assertThat(store.execute(config(1), List.of(stoppingAfter(1)), new StopSignal()).status())
        .isEqualTo(Status.FAILED);
    assertThat(store.failure(key)).contains("stopped");
    assertThat(store.finished(key)).isEmpty();

    assertThat(store.execute(config(2), List.of(), new StopSignal()).status())
        .isEqualTo(Status.DONE);
    assertThat(store.failure(key)).isEmpty();
    assertThat(RunDirectory.readConfig(store.folder(key)).orElseThrow().threads()).isEqualTo(1);

    RunStore undisturbed = new RunStore(root.resolve("other"));
    undisturbed.execute(config(1), List.of(), new StopSignal());
    assertThat(store.finished(key).orElseThrow().result().bestTestAcc())
        .isEqualTo(undisturbed.finished(key).orElseThrow().result().bestTestAcc());
  }

  @Test
  void aDivergedRunIsStoredAsAFailure() {
    RunStore store = new RunStore(root);
    RunConfig bad = config(1, 3, new Constant(1e30));
    Outcome outcome = store.execute(bad, List.of(), new StopSignal());
    assertThat(outcome.status()).isEqualTo(Status.FAILED);
    assertThat(outcome.message()).startsWith("the training loss became ");
    assertThat(store.failure(RunStore.key(bad))).contains(outcome.message());
  }

  @Test
  void aRunOnDataThatCannotBeOpenedFailsAlone() {
    RunStore store = new RunStore(root);
    store.execute(config(1), List.of(), new StopSignal());
    RunConfig absent = config("nothing/here", 1, 3, new Constant(0.01));
    assertThat(store.execute(absent, List.of(), new StopSignal()).message())
        .isEqualTo("nothing/here cannot be read: no such file or folder");
    RunConfig next = config(1, 3, new Constant(0.02));
    assertThat(store.execute(next, List.of(), new StopSignal()))
        .isEqualTo(new Outcome(Status.DONE, ""));
  }

  @Test
  void aRunThatLacksOnlyItsResultIsDoneByThisProcess() throws IOException {
    RunStore store = new RunStore(root);
    Path folder = store.folder(RunStore.key(config(1)));
    Dataset data = Datasets.open(config(1).data());
    Run.execute(config(1), data, folder, false, List.of(), new StopSignal());
    Files.delete(folder.resolve("result.json"));
    assertThat(store.execute(config(1), List.of(), new StopSignal()).status())
        .isEqualTo(Status.DONE);
  }

  @Test
  void aStoppedRunKeepsNoFailureOfAnEarlierExecution() {
    RunStore store = new RunStore(root);
    String key = RunStore.key(config(1));
    store.execute(config(1), List.of(stoppingAfter(1)), new StopSignal());
    assertThat(store.failure(key)).isPresent();
    StopSignal stop = new StopSignal();
    stop.request();
    assertThat(store.execute(config(1), List.of(), stop).status()).isEqualTo(Status.STOPPED);
    assertThat(store.failure(key)).isEmpty();
  }

  @Test
  void theErrorOfADamagedRunNamesItAndTheRemedy() throws IOException {
    RunStore store = new RunStore(root);
    String key = RunStore.key(config(1));
    Files.createDirectories(store.folder(key));
    Path file = Files.writeString(store.folder(key).resolve("result.json"), "{bad");
    assertThatThrownBy(() -> store.finished(key))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " is not a run's result: ")
        .hasMessageEndingWith("; delete " + store.folder(key) + " to train that run again");
  }

  @Test
  void aRunThatAnotherProcessTrainsIsSkipped() {
    RunStore store = new RunStore(root);
    TrainingListener second =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            assertThat(new RunStore(root).execute(config(1), List.of(), new StopSignal()).status())
                .isEqualTo(Status.IN_USE);
          }
        };
    assertThat(store.execute(config(1), List.of(second), new StopSignal()).status())
        .isEqualTo(Status.DONE);
  }
}
