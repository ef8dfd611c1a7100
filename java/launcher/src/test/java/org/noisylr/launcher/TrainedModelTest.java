package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;

/** A run's model is used: evaluate, predict, export. */
class TrainedModelTest {
  private static final String DATA = "fashion-mnist-mini";

  @TempDir private static Path folder;
  private static Path run;
  private static List<EpochMetrics> metrics;

  @BeforeAll
  static void train() throws IOException {
    run = folder.resolve("run");
    // The rate of the last epoch spoils the score, so that the best epoch is not the last.
    Invocation trained =
        Invocation.of(
            "train --data %s --model cnn28 --lr 0.02 --schedule step --milestones 2:40 --epochs 3"
                    .formatted(DATA)
                + " --subset 1500 --seed 4 --out "
                + run);
    assertThat(trained.exit()).as(trained.err()).isZero();
    metrics = MetricsCsv.parse(Files.readString(run.resolve("metrics.csv")));
    assertThat(metrics.get(1).testAcc()).isGreaterThan(metrics.get(2).testAcc() + 0.01);
  }

  private static Invocation evaluate(String options) {
    Invocation evaluated = Invocation.of("evaluate " + run + options);
    assertThat(evaluated.exit()).as(evaluated.err()).isZero();
    return evaluated;
  }

  private static String score(EpochMetrics epoch) {
    return "after epoch %d on %s (1000 test examples): loss %.4f, accuracy %.4f;"
        .formatted(epoch.epoch() + 1, DATA, epoch.testLoss(), epoch.testAcc());
  }

  @Test
  void theBestAndTheLastWeightsHaveTheScoresOfTheirEpochs() {
    assertThat(evaluate("").out()).contains(score(metrics.get(1)));
    assertThat(evaluate(" --checkpoint last").out()).contains(score(metrics.get(2)));
    assertThat(evaluate(" --checkpoint last --data " + DATA).out())
        .endsWith("confusion in %s/confusion-last-%s.csv\n".formatted(run, DATA));
    assertThat(run.resolve("confusion.csv")).exists();
    assertThat(run.resolve("confusion-last.csv")).exists();
  }

  @Test
  void theConfusionCountsEveryTestExample() throws IOException {
    evaluate("");
    List<String> lines = Files.readAllLines(run.resolve("confusion.csv"));
    assertThat(lines).hasSize(11);
    assertThat(lines.get(0)).startsWith("class,T-shirt/top,Trouser,").endsWith(",Ankle boot");
    int all = 0;
    int correct = 0;
    for (int i = 0; i < 10; i++) {
      int[] counts =
          Arrays.stream(lines.get(i + 1).split(",")).skip(1).mapToInt(Integer::parseInt).toArray();
      all += Arrays.stream(counts).sum();
      correct += counts[i];
    }
    assertThat(all).isEqualTo(1000);
    assertThat(correct / 1000.0).isCloseTo(metrics.get(1).testAcc(), within(1e-12));
  }

  @Test
  void jsonHasTheFullNumbers() {
    assertThat(evaluate(" --json").out())
        .startsWith("{")
        .contains("\"score\" : " + metrics.get(1).testAcc(), "\"epoch\" : 2");
  }

  @Test
  void anExportIsEvaluatedLikeTheRunAndDescribesItsInputs() throws IOException {
    Path exported = folder.resolve("weights.safetensors");
    assertThat(Invocation.of("export %s --out %s".formatted(run, exported)).exit()).isZero();
    assertThat(evaluate(" --checkpoint " + exported).out()).contains(score(metrics.get(1)));
    assertThat(Files.readString(folder.resolve("weights.json")))
        .contains("\"model\" : \"cnn28\"", "\"T-shirt/top\"", "\"mean\" : [", "\"height\" : 28");
  }

  @Test
  void predictionsAreThoseOfTheConfusion() throws IOException {
    evaluate("");
    ImageSet test = ((ImageDataset) Datasets.open(DATA)).test();
    StringBuilder command = new StringBuilder("predict " + run);
    for (int i = 0; i < 50; i++) {
      command.append(' ').append(png(test, i));
    }
    Invocation predicted = Invocation.of(command.toString());
    assertThat(predicted.exit()).as(predicted.err()).isZero();
    List<String> lines = predicted.out().lines().toList();
    assertThat(lines.get(0)).isEqualTo("file,class,probability");
    List<String> names = Datasets.open(DATA).classNames();
    int correct = 0;
    for (int i = 0; i < 50; i++) {
      String[] row = lines.get(i + 1).split(",");
      assertThat(row[0]).endsWith(i + ".png");
      assertThat(Double.parseDouble(row[2])).isBetween(0.1, 1.0);
      correct += row[1].equals(names.get(test.labels()[i])) ? 1 : 0;
    }
    assertThat(correct / 50.0).isCloseTo(metrics.get(1).testAcc(), within(0.2));
  }

  @Test
  void aFileThatCannotBeReadDoesNotStopTheOthers() throws IOException {
    Path good = png(((ImageDataset) Datasets.open(DATA)).test(), 0);
    Invocation predicted = Invocation.of("predict %s /no.png %s /nor.png".formatted(run, good));
    assertThat(predicted.exit()).isEqualTo(2);
    assertThat(predicted.out()).contains(good.toString()).hasLineCount(2);
    assertThat(predicted.err()).contains("/no.png cannot be read").hasLineCount(2);
  }

  @Test
  void theRunsOwnTestExamplesAreEvaluated() {
    Path subset = folder.resolve("subset");
    Invocation trained =
        Invocation.of(
            "train --data %s --model cnn28 --lr 0.01 --epochs 1 --subset 50 --test-subset 40 --out %s"
                .formatted(DATA, subset));
    assertThat(trained.out()).contains("(50 training, 40 test examples)");
    assertThat(Invocation.of("evaluate " + subset).out()).contains("(40 test examples)");
  }

  private static Path png(ImageSet set, int number) throws IOException {
    BufferedImage image = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 784; i++) {
      image.getRaster().setSample(i % 28, i / 28, 0, set.pixels()[number * 784 + i] & 0xff);
    }
    Path file = folder.resolve(number + ".png");
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "evaluate /nope | /nope must be the folder of a run, but does not exist",
        "evaluate /tmp | /tmp must be the folder of a run, but holds none",
        "evaluate RUN --data generated:cifar10 | generated:cifar10 must have the classes of the model, [",
        "evaluate RUN --checkpoint RUN/config.yaml | RUN/config.yaml",
        "export RUN --out w.txt | --out must be a file with the extension .safetensors or .pt, but is w.txt",
        "export RUN --out w.pt | model cnn28 can be exported as safetensors only, but w.pt has the extension .pt",
        "predict RUN RUN/config.yaml | RUN/config.yaml must be a JPEG or PNG image, but its content is",
        "predict RUN /nope.png | /nope.png cannot be read: no such file or folder"
      })
  void badInputIsOneLine(String command, String message) {
    Invocation outcome = Invocation.of(command.replace("RUN", run.toString()));
    assertThat(outcome.exit()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith("noisylr: " + message.replace("RUN", run.toString()))
        .hasLineCount(1);
  }
}
