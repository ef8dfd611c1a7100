package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.train.PowerCut;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

class SelectionTest {
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(100, 50);

  @TempDir private Path temporary;

  private static TestConfig settings(int epochs, Selection selection) {
    return new TestConfig().epochs(epochs).batchSize(32).selection(selection);
  }

  /** Images whose pixel is their number; classes 0 and 1 have 6 and 4 of them. */
  private static ImageDataset numbered() {
    byte[] pixels = new byte[10];
    IntStream.range(0, 10).forEach(i -> pixels[i] = (byte) i);
    ImageSet train = new ImageSet(pixels, new int[] {0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, 1, 1, 1);
    ImageSet test = new ImageSet(new byte[] {99}, new int[] {0}, 1, 1, 1);
    return new ImageDataset("numbered", List.of("a", "b"), train, test);
  }

  @Test
  void eachClassGivesTheSameShareAtEvenDistances() {
    Dataset.Split split = numbered().holdOut(0.5);
    ImageDataset rest = (ImageDataset) split.dataset();
    ImageDataset validation = (ImageDataset) split.validation();
    assertThat(validation.test().pixels()).containsExactly(1, 3, 5, 7, 9);
    assertThat(validation.test().labels()).containsExactly(0, 0, 0, 1, 1);
    assertThat(rest.train().pixels()).containsExactly(0, 2, 4, 6, 8);
    assertThat(rest.test().pixels()).containsExactly(99);
    assertThat(numbered().holdOut(null).validation()).isNull();
    assertRejected(
        () -> numbered().holdOut(0.1),
        "validation must be a fraction that holds out one or more of the 10 training examples and leaves one, but is 0.1");
  }

  @Test
  void theBestEpochIsChosenByTheValidationScore() {
    List<EpochMetrics> metrics =
        List.of(epoch(0, 0.9, 0.5), epoch(1, 0.7, 0.6), epoch(2, 0.8, 0.6), epoch(3, 0.95, 0.4));
    assertThat(Selection.best(metrics).epoch()).isEqualTo(1);
    RunResult result = RunResult.of(DATA.metric(), metrics, 1);
    assertThat(result.bestTestAcc()).isEqualTo(0.7);
    assertThat(result.bestValidationAcc()).isEqualTo(0.6);
  }

  private static EpochMetrics epoch(int epoch, double test, double validation) {
    return new EpochMetrics(epoch, epoch, 0.1, 1, 0.1, 1, 0.5, 1, test, 1.0, validation);
  }

  @Test
  void aRunEndsAfterEpochsWithoutABetterScore() {
    Selection selection = new Selection(null, 2);
    List<EpochMetrics> metrics =
        List.of(epoch(0, 0, 0.5), epoch(1, 0, 0.6), epoch(2, 0, 0.6), epoch(3, 0, 0.4));
    assertThat(IntStream.rangeClosed(0, 4).mapToObj(n -> selection.isOver(metrics.subList(0, n))))
        .containsExactly(false, false, false, false, true);
    assertThat(Selection.BY_TEST.isOver(metrics)).isFalse();
  }

  @Test
  void aRunThatEndedEarlyIsFinishedAndKeepsItsBestEpoch() throws IOException {
    // A rate of zero never improves the score.
    Path directory = temporary.resolve("run");
    RunConfig config = settings(9, new Selection(0.2, 2)).lr(0).run();
    Run run = execute(config, directory);
    assertThat(run.metrics()).hasSize(3);
    assertThat(run.result().bestEpoch()).isZero();
    assertThat(run.result().bestValidationAcc()).isEqualTo(run.metrics().get(0).validationAcc());
    assertThat(RunDirectory.readFinished(directory).map(Run::result)).contains(run.result());
    assertThat(RunDirectory.readConfig(directory)).contains(config);
    try (TrainedModel best = RunDirectory.openBest(directory, new Device("cpu"))) {
      assertThat(best.info().epoch()).isEqualTo(1);
    }
    assertThat(Files.readString(directory.resolve("metrics.csv")))
        .startsWith(
            "epoch,step,base_lr,factor,lr,train_loss,train_acc,test_loss,test_acc,validation_loss,validation_acc\n");
  }

  @Test
  void aRunWithValidationResumesToTheSameEnd() {
    RunConfig config = settings(9, new Selection(0.2, 2)).lr(0).run();
    Run whole = Run.execute(config, DATA, List.of());
    assertThat(whole.metrics()).hasSize(3);
    // 80 of 100 examples are left, in 3 batches.
    assertThat(whole.metrics().get(0).step()).isEqualTo(2);
    Path directory = temporary.resolve("interrupted");
    assertThatThrownBy(() -> execute(config, directory, PowerCut.after(1))).hasMessage("power cut");
    assertThat(execute(config, directory).metrics()).isEqualTo(whole.metrics());
  }

  @Test
  void theValidationScoreIsThatOfTheHeldOutExamples() {
    Selection selection = new Selection(0.2, null);
    RunConfig config = settings(1, selection).run();
    Dataset.Split split = DATA.holdOut(0.2);
    Run validated = Run.execute(config, DATA, List.of());
    Run tested = Run.execute(settings(1, Selection.BY_TEST).run(), split.validation(), List.of());
    EpochMetrics metrics = validated.metrics().get(0);
    assertThat(Arrays.asList(metrics.validationLoss(), metrics.validationAcc()))
        .containsExactly(tested.metrics().get(0).testLoss(), tested.metrics().get(0).testAcc());
  }

  private static Run execute(RunConfig config, Path directory, TrainingListener... listeners) {
    return Run.execute(config, DATA, directory, true, List.of(listeners), new StopSignal());
  }
}
