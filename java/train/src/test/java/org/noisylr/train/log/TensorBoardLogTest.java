package org.noisylr.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.PowerCut;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.log.EventReader.Event;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;

/** The event files of a run of three epochs of two steps each. */
class TensorBoardLogTest {
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(64, 64);
  private static final RunConfig CONFIG =
      new TestConfig()
          .noise(NoiseSpec.uniform(8).seed(1))
          .epochs(3)
          .batchSize(32)
          .subset(64, 64)
          .run();

  @TempDir private Path temporary;
  private Path run;

  @BeforeEach
  void nameRun() {
    run = temporary.resolve("run");
  }

  private Run train(TrainingListener... listeners) {
    return Run.execute(CONFIG, DATA, run, true, List.of(listeners), new StopSignal());
  }

  /** Trains with a log until the end of an epoch, before its checkpoint. */
  private void dieAfter(int epoch) {
    TrainingListener powerCut = PowerCut.after(epoch);
    assertThatThrownBy(() -> train(new TensorBoardLog(run), powerCut)).hasMessage("power cut");
  }

  private Path file() throws IOException {
    try (Stream<Path> files = Files.list(run.resolve("tensorboard"))) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      assertThat(all.get(0).getFileName().toString()).startsWith("events.out.tfevents.");
      return all.get(0);
    }
  }

  private void assertHasTheEpochsOf(Run trained) throws IOException {
    List<Event> events = EventReader.read(file());
    assertThat(events.get(0).fileVersion()).isEqualTo("brain.Event:2");
    assertThat(events.get(1).status()).isEqualTo(1);
    assertThat(events).isSortedAccordingTo((a, b) -> Double.compare(a.wallTime(), b.wallTime()));
    List<Event> epochs = events.subList(2, events.size());
    assertThat(epochs).extracting(Event::step).containsExactly(1L, 3L, 5L);
    for (int i = 0; i < epochs.size(); i++) {
      EpochMetrics m = trained.metrics().get(i);
      assertThat(epochs.get(i).scalars())
          .containsEntry("loss/train", (float) m.trainLoss())
          .containsEntry("loss/test", (float) m.testLoss())
          .containsEntry("score/train", (float) m.trainAcc())
          .containsEntry("score/test", (float) m.testAcc())
          .containsEntry("learning_rate/base", (float) m.baseLr())
          .containsEntry("learning_rate/realised", (float) m.lr())
          .containsEntry("learning_rate/factor", (float) m.factor())
          .containsEntry("time/epoch_seconds", (float) trained.timing().seconds(i).orElseThrow());
    }
  }

  @Test
  void aRunHasTheScalarsOfEachEpoch() throws IOException {
    assertHasTheEpochsOf(train(new TensorBoardLog(run)));
  }

  @Test
  void aResumedRunReplacesALaterEpochAndATruncatedRecord() throws IOException {
    dieAfter(1);
    Files.write(file(), List.of("part of a record"), StandardOpenOption.APPEND);
    assertHasTheEpochsOf(train(new TensorBoardLog(run)));
  }

  @Test
  void aLogThatStartsLaterHasTheEarlierEpochs() throws IOException {
    Run trained = train();
    assertThat(TensorBoardLog.exists(run)).isFalse();
    new TensorBoardLog(run).onStart();
    assertThat(TensorBoardLog.exists(run)).isTrue();
    assertHasTheEpochsOf(trained);
  }

  @Test
  void aFileInPlaceOfTheFolderIsNamed() throws IOException {
    Files.createDirectories(run);
    Path folder = Files.createFile(run.resolve("tensorboard"));
    assertRejected(
        () -> train(new TensorBoardLog(run)),
        "cannot write to " + folder + ": it exists and is not a folder");
  }

  /** NOISYLR_PYTHON names an interpreter that has TensorBoard; default python3. */
  @Test
  void tensorBoardReadsTheScalars() throws Exception {
    String python = Objects.requireNonNullElse(System.getenv("NOISYLR_PYTHON"), "python3");
    assumeTrue(
        exitCode(temporary.resolve("import"), python, "-c", "import tensorboard") == 0,
        python + " has no package tensorboard");
    dieAfter(1);
    Run trained = train(new TensorBoardLog(run));
    Path output = temporary.resolve("scalars");
    Path script = Path.of("src", "test", "python", "tensorboard_scalars.py");
    String folder = run.resolve("tensorboard").toString();
    assertThat(exitCode(output, python, script.toString(), folder)).isZero();
    List<String> expected = new ArrayList<>();
    for (EpochMetrics m : trained.metrics()) {
      expected.add("%d %s".formatted(m.step(), Double.toString((float) m.testLoss())));
    }
    assertThat(output).hasContent(String.join("\n", expected));
  }

  private static int exitCode(Path output, String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectOutput(output.toFile())
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }
}
