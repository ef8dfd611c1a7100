package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.StepDecay;
import org.noisylr.train.PowerCut;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ExampleSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

class RunTest {
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(200, 200);

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void nameDirectory() {
    directory = temporary.resolve("new/run");
  }

  private static TestConfig settings(int epochs, int subset) {
    return new TestConfig()
        .schedule(new StepDecay(0.05, List.of(new Milestone(2, 0.1))))
        .noise(NoiseSpec.uniform(8).lastFraction(0.5, epochs).seed(1))
        .epochs(epochs)
        .subset(subset, null)
        .threads(2);
  }

  private static RunConfig config(int epochs, int subset) {
    return settings(epochs, subset).run();
  }

  private Run start(RunConfig config, TrainingListener... listeners) {
    return execute(config, false, listeners);
  }

  private Run resume(RunConfig config) {
    return execute(config, true);
  }

  private Run execute(RunConfig config, boolean resume, TrainingListener... listeners) {
    return Run.execute(config, DATA, directory, resume, List.of(listeners), new StopSignal());
  }

  @Test
  void aRunLeavesConfigurationMetricsResultAndTwoCheckpoints() throws IOException {
    Run run = start(config(3, 200));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              ".lock",
              "config.yaml",
              "metrics.csv",
              "timing.csv",
              "environment.yaml",
              "best.safetensors",
              "result.json",
              "checkpoint-000002.safetensors",
              "checkpoint-000003.safetensors");
    }
    List<String> metrics = Files.readAllLines(directory.resolve("metrics.csv"));
    assertThat(metrics).hasSize(4);
    assertThat(metrics.get(0))
        .isEqualTo("epoch,step,base_lr,factor,lr,train_loss,train_acc,test_loss,test_acc");
    assertThat(metrics.get(1)).startsWith("0,3,0.05,1.0,0.05,");
    assertThat(run.metrics()).hasSize(3);
    assertThat(run.result().bestTestAcc())
        .isEqualTo(run.metrics().stream().mapToDouble(EpochMetrics::testAcc).max().orElse(0));
    assertThat(Files.readString(directory.resolve("result.json")))
        .contains("\"best_test_acc\" : " + run.result().bestTestAcc())
        .contains("\"parameters\" : 206922");
  }

  @Test
  void theStoredConfigurationEqualsTheOriginal() throws IOException {
    RunConfig config = config(1, 100);
    start(config);
    assertThat(Files.readString(directory.resolve("config.yaml")))
        .contains("data: fashion-mnist-mini", "model: cnn28", "type: step", "high: 8.0");
    assertThat(RunDirectory.readConfig(directory)).contains(config);
  }

  @Test
  void aRunInterruptedInAnyEpochAndResumedEqualsAnUninterruptedOne() {
    Run whole = Run.execute(config(3, 200), DATA, List.of());
    for (int last = 0; last < 3; last++) {
      directory = temporary.resolve("interrupted in epoch " + last);
      TrainingListener powerCut = PowerCut.in(last);
      assertThatThrownBy(() -> start(config(3, 200), powerCut)).hasMessage("power cut");
      assertThat(resume(config(3, 200)).metrics()).isEqualTo(whole.metrics());
    }
  }

  @Test
  void resumingAFinishedRunReturnsItUnchanged() {
    Run first = start(config(2, 100));
    assertThat(resume(config(2, 100)).metrics()).isEqualTo(first.metrics());
  }

  @Test
  void resumingWithoutARunStartsOne() {
    assertThat(resume(config(1, 100)).metrics()).hasSize(1);
  }

  @Test
  void resumingSkipsADamagedCheckpoint() throws IOException {
    Run first = start(config(3, 100));
    Path newest = directory.resolve("checkpoint-000003.safetensors");
    byte[] bytes = Files.readAllBytes(newest);
    bytes[bytes.length / 2] ^= 1;
    Files.write(newest, bytes);
    assertThat(resume(config(3, 100)).metrics()).isEqualTo(first.metrics());
  }

  @Test
  void aDamagedResultIsWrittenAgainAfterItIsDeleted() throws IOException {
    Run first = start(config(2, 100));
    Path result = directory.resolve("result.json");
    String text = Files.readString(result);
    Files.writeString(result, "");
    assertRejected(() -> resume(config(2, 100)), result + " is not a run's result: it is empty");
    Files.delete(result);
    assertThat(resume(config(2, 100)).metrics()).isEqualTo(first.metrics());
    assertThat(result).hasContent(text);
  }

  @Test
  void aResultThatDoesNotMatchTheRunIsRejected() throws IOException {
    start(config(2, 100));
    Path result = directory.resolve("result.json");
    Path metrics = directory.resolve("metrics.csv");
    String text = Files.readString(result);
    String rows = Files.readString(metrics);
    String mismatch = result + " does not match " + metrics;
    assertContentRejected(result, text.replace("\"epochs\" : 2", "\"epochs\" : 3"), mismatch);
    assertContentRejected(
        result,
        text.replaceFirst("\"best_test_acc\" : [0-9.]+", "\"best_test_acc\" : 7"),
        mismatch);
    Files.writeString(result, text);
    assertContentRejected(metrics, rows.substring(0, rows.indexOf('\n') + 1), mismatch);
    assertContentRejected(
        metrics, rows.substring(0, rows.lastIndexOf('\n', rows.length() - 2) + 1), mismatch);
    Files.writeString(metrics, rows);
    Path config = directory.resolve("config.yaml");
    Files.writeString(config, Files.readString(config).replace("epochs: 2", "epochs: 40"));
    assertRejected(
        () -> RunDirectory.readFinished(directory),
        result + " must have 40 epochs like config.yaml, but has 2");
  }

  private void assertContentRejected(Path file, String content, String message) throws IOException {
    Files.writeString(file, content);
    assertRejected(() -> resume(config(2, 100)), message);
  }

  @Test
  void damagedTimesAreIgnored() throws IOException {
    Run run = start(config(1, 100));
    Files.writeString(directory.resolve("timing.csv"), "garbage");
    Run again = resume(config(1, 100));
    assertThat(again.result()).isEqualTo(run.result());
    assertThat(again.timing().total()).isZero();
  }

  @Test
  void aForeignTimingFileIsNotOverwritten() throws IOException {
    Files.createDirectories(directory);
    Path file = Files.writeString(directory.resolve("timing.csv"), "mine");
    assertRejected(() -> start(config(1, 100)), alreadyHoldsARun());
    assertThat(file).hasContent("mine");
    assertThat(directory.resolve("config.yaml")).doesNotExist();
  }

  private String alreadyHoldsARun() {
    return directory
        + " already holds a run; add --resume to continue it, or choose another folder";
  }

  @Test
  void onlyTheHalfWrittenFilesOfAKilledRunAreDeleted() throws IOException {
    start(config(1, 100));
    List<String> unfinished =
        List.of("metrics.csv.tmp", "checkpoint-000002.safetensors.tmp", "result.json.tmp");
    for (String name : unfinished) {
      Files.createFile(directory.resolve(name));
    }
    Path notes = Files.createFile(directory.resolve("notes.tmp"));
    resume(config(1, 100));
    assertThat(notes).exists();
    assertThat(unfinished).noneMatch(name -> Files.exists(directory.resolve(name)));
  }

  @Test
  void aDirectoryThatHoldsARunIsRejectedWithoutResume() {
    start(config(1, 100));
    assertRejected(() -> start(config(1, 100)), alreadyHoldsARun());
  }

  @Test
  void theDirectoryIsCheckedBeforeAnythingIsCreated() throws IOException {
    Path fresh = temporary.resolve("a/b");
    RunDirectory.check(fresh, false);
    assertThat(temporary.resolve("a")).doesNotExist();
    Path file = Files.createFile(temporary.resolve("file"));
    assertRejected(
        () -> RunDirectory.check(file.resolve("run"), true),
        "cannot write to %s: %s: it exists and is not a folder"
            .formatted(file.resolve("run"), file));
    start(config(1, 100));
    RunDirectory.check(directory, true);
    assertRejected(() -> RunDirectory.check(directory, false), alreadyHoldsARun());
  }

  @Test
  void aPathThroughAFileIsRejected() throws IOException {
    directory = Files.createFile(temporary.resolve("file")).resolve("run");
    assertRejected(
        () -> start(config(1, 100)), "cannot write to " + directory + ": not a directory");
  }

  @Test
  void resumingWithAnotherConfigurationIsRejectedWithAllDifferences() {
    start(config(1, 100));
    assertRejected(
        () -> resume(config(1, 101)),
        directory + " holds a run with another configuration: subset is 100, not 101");
    assertRejected(
        () -> resume(config(4, 100)),
        directory
            + " holds a run with another configuration: training.noise.first_epoch is 1, not 2;"
            + " training.epochs is 1, not 4");
  }

  @Test
  void resumingWithAnotherNumberOfThreadsIsRejected() {
    start(settings(1, 100).threads(1).run());
    assertRejected(
        () -> resume(settings(1, 100).threads(2).run()),
        directory + " holds a run with another configuration: threads is 1, not 2");
  }

  @Test
  void aDirectoryInUseIsRejected() {
    RunConfig config = config(1, 100);
    start(
        config,
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            assertThatThrownBy(() -> resume(config))
                .isInstanceOf(InUseException.class)
                .hasMessage(directory + " is in use by another run of noisylr");
          }
        });
    assertThat(resume(config).metrics()).hasSize(1);
  }

  @Test
  void aDivergedRunKeepsItsLastCheckpoint() {
    RunConfig diverging =
        settings(3, 100).schedule(new StepDecay(0.01, List.of(new Milestone(1, 1e30)))).run();
    assertThatThrownBy(() -> start(diverging)).hasMessageContaining("in epoch 2 at step");
    assertThat(directory.resolve("checkpoint-000001.safetensors")).exists();
  }

  @Test
  void aRunResumesOnTheSameExamplesInAnotherPlaceOnly() throws IOException {
    Dataset own = Datasets.open("fashion-mnist-mini").subset(64, 64);
    TestConfig settings = new TestConfig().epochs(2).data("here");
    assertThatThrownBy(
            () ->
                Run.execute(
                    settings.run(),
                    own,
                    directory,
                    false,
                    List.of(PowerCut.in(1)),
                    new StopSignal()))
        .hasMessage("power cut");
    Dataset changed = own.split(ExampleSet.first(63), ExampleSet.first(1)).dataset();
    for (RunConfig config : List.of(settings.run(), settings.data("there").run())) {
      assertThatThrownBy(
              () -> Run.execute(config, changed, directory, true, List.of(), new StopSignal()))
          .hasMessageContaining(
              "it belongs to a run on other examples than those that are now in " + config.data());
    }
    Run moved =
        Run.execute(
            settings.data("there").run(), own, directory, true, List.of(), new StopSignal());
    assertThat(moved.metrics()).isEqualTo(Run.execute(settings.run(), own, List.of()).metrics());
    assertThat(RunDirectory.readConfig(directory).orElseThrow().data()).isEqualTo("there");
  }
}
