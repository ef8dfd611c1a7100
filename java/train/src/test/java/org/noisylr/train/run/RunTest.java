package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.DeepLabV3;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

class RunTest {
  private static final ImageDataset DATA = few((ImageDataset) Datasets.open("fashion-mnist-mini"));

  private static ImageDataset few(ImageDataset all) {
    return new ImageDataset(
        all.name(), all.classNames(), all.train().first(200), all.test().first(200));
  }

  private static final int THREADS = 2;

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void nameDirectory() {
    directory = temporary.resolve("new/run");
  }

  private static RunConfig config(int epochs, int subset) {
    return new RunConfig(
        "fashion-mnist-mini",
        subset,
        null,
        ModelName.CNN28,
        null,
        "cpu",
        THREADS,
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            new StepDecay(0.05, List.of(new Milestone(2, 0.1))),
            NoiseSpec.uniform(8).lastFraction(0.5, epochs).seed(1),
            epochs,
            64,
            Augmentation.NONE,
            Precision.FP32,
            1));
  }

  private Run execute(RunConfig config, boolean resume, TrainingListener... listeners) {
    return Run.execute(config, DATA, directory, resume, List.of(listeners), new StopSignal());
  }

  @Test
  void aRunLeavesConfigurationMetricsResultAndTwoCheckpoints() throws IOException {
    Run run = execute(config(3, 200), false);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              ".lock",
              "config.yaml",
              "metrics.csv",
              "timing.csv",
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
  void theConfigurationReadsBackAsItWas() throws IOException {
    RunConfig config = config(1, 100);
    execute(config, false);
    String yaml = Files.readString(directory.resolve("config.yaml"));
    assertThat(yaml)
        .contains("data: fashion-mnist-mini", "model: cnn28", "type: step", "alpha: 8.0");
    assertThat(RunFormat.fromYaml(yaml)).isEqualTo(config);
  }

  @Test
  void aRunStoppedAtAnyEpochAndResumedEqualsOneThatWasNot() throws IOException {
    Run whole = Run.execute(config(3, 200), DATA, List.of());
    for (int last = 0; last < 3; last++) {
      directory = temporary.resolve("stopped after " + last);
      int stopAfter = last;
      TrainingListener stop =
          new TrainingListener() {
            @Override
            public void onProgress(int epoch, int done, int of, double loss) {
              if (epoch == stopAfter) {
                throw new IllegalStateException("power cut");
              }
            }
          };
      assertThatThrownBy(() -> execute(config(3, 200), false, stop)).hasMessage("power cut");
      Run resumed = execute(config(3, 200), true);
      assertThat(resumed.metrics()).isEqualTo(whole.metrics());
    }
  }

  @Test
  void resumeOfAFinishedRunTrainsNothingMore() {
    Run first = execute(config(2, 100), false);
    assertThat(execute(config(2, 100), true).metrics()).isEqualTo(first.metrics());
  }

  @Test
  void aDamagedResultIsMadeAgainWhenItIsDeleted() throws IOException {
    Run first = execute(config(2, 100), false);
    Path result = directory.resolve("result.json");
    String text = Files.readString(result);
    Files.writeString(result, "");
    assertThatThrownBy(() -> execute(config(2, 100), true))
        .isInstanceOf(InputException.class)
        .hasMessage(result + " is not a run's result: it is empty");
    Files.delete(result);
    assertThat(execute(config(2, 100), true).metrics()).isEqualTo(first.metrics());
    assertThat(result).hasContent(text);
  }

  @Test
  void aResultThatIsNotThatOfTheRunIsRefused() throws IOException {
    execute(config(2, 100), false);
    Path result = directory.resolve("result.json");
    Path metrics = directory.resolve("metrics.csv");
    String text = Files.readString(result);
    String rows = Files.readString(metrics);
    String other = result + " is not the result of " + metrics;
    assertRefused(result, text.replace("\"epochs\" : 2", "\"epochs\" : 3"), other);
    assertRefused(
        result, text.replaceFirst("\"best_test_acc\" : [0-9.]+", "\"best_test_acc\" : 7"), other);
    Files.writeString(result, text);
    assertRefused(metrics, rows.substring(0, rows.indexOf('\n') + 1), other);
    assertRefused(metrics, rows.substring(0, rows.lastIndexOf('\n', rows.length() - 2) + 1), other);
    Files.writeString(metrics, rows);
    Path config = directory.resolve("config.yaml");
    assertThatThrownBy(
            () -> {
              Files.writeString(
                  config, Files.readString(config).replace("epochs: 2", "epochs: 40"));
              Run.read(directory);
            })
        .hasMessage(result + " has 2 epochs, but the run has 40");
  }

  private void assertRefused(Path file, String content, String message) throws IOException {
    Files.writeString(file, content);
    assertThatThrownBy(() -> execute(config(2, 100), true))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }

  @Test
  void damagedTimesAreLeftOut() throws IOException {
    Run run = execute(config(1, 100), false);
    Files.writeString(directory.resolve("timing.csv"), "garbage");
    Run again = execute(config(1, 100), true);
    assertThat(again.result()).isEqualTo(run.result());
    assertThat(again.timing().total()).isZero();
  }

  @Test
  void timesOfSomebodyElseAreNotWrittenOver() throws IOException {
    Files.createDirectories(directory);
    Path file = Files.writeString(directory.resolve("timing.csv"), "mine");
    assertThatThrownBy(() -> execute(config(1, 100), false))
        .hasMessageStartingWith(directory + " holds a run already");
    assertThat(file).hasContent("mine");
    assertThat(directory.resolve("config.yaml")).doesNotExist();
  }

  @Test
  void whatAKilledRunBeganToWriteIsDeletedAndNothingElse() throws IOException {
    execute(config(1, 100), false);
    List<String> begun =
        List.of("metrics.csv.tmp", "checkpoint-000002.safetensors.tmp", "result.json.tmp");
    for (String name : begun) {
      Files.createFile(directory.resolve(name));
    }
    Path notes = Files.createFile(directory.resolve("notes.tmp"));
    execute(config(1, 100), true);
    assertThat(notes).exists();
    assertThat(begun).noneMatch(name -> Files.exists(directory.resolve(name)));
  }

  @Test
  void resumeWithoutARunStartsOne() {
    assertThat(execute(config(1, 100), true).metrics()).hasSize(1);
  }

  @Test
  void aDamagedNewestCheckpointIsPassedOver() throws IOException {
    Run first = execute(config(3, 100), false);
    Path newest = directory.resolve("checkpoint-000003.safetensors");
    byte[] bytes = Files.readAllBytes(newest);
    bytes[bytes.length / 2] ^= 1;
    Files.write(newest, bytes);
    Run again = execute(config(3, 100), true);
    assertThat(again.metrics()).isEqualTo(first.metrics());
  }

  @Test
  void aDirectoryThatHoldsARunIsRefusedWithoutResume() {
    execute(config(1, 100), false);
    assertThatThrownBy(() -> execute(config(1, 100), false))
        .isInstanceOf(InputException.class)
        .hasMessage(
            directory + " holds a run already; add --resume to go on with it, or name another");
  }

  @Test
  void aDirectoryIsLookedAtBeforeAnythingIsMade() throws IOException {
    Path fresh = temporary.resolve("a/b");
    Run.checkDirectory(fresh, false);
    assertThat(temporary.resolve("a")).doesNotExist();
    Path file = Files.createFile(temporary.resolve("file"));
    assertThatThrownBy(() -> Run.checkDirectory(file.resolve("run"), true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "cannot write to %s: %s: a file is in its place".formatted(file.resolve("run"), file));
    execute(config(1, 100), false);
    Run.checkDirectory(directory, true);
    assertThatThrownBy(() -> Run.checkDirectory(directory, false))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory + " holds a run already");
  }

  @Test
  void dataOfOneClassAreRefused() {
    ImageSet cats = new ImageSet(new byte[2 * 28 * 28], new int[2], 1, 28, 28);
    ImageDataset one = new ImageDataset("cats", List.of("cat"), cats, cats);
    assertThatThrownBy(() -> Run.check(config(1, 100), one))
        .isInstanceOf(InputException.class)
        .hasMessage("model cnn28 tells 2 or more classes apart, but cats has 1");
  }

  @Test
  void aRunIsNotResumedWithAnotherConfiguration() {
    execute(config(1, 100), false);
    assertThatThrownBy(() -> execute(config(1, 101), true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            directory
                + " holds a run of another configuration: it has 'subset: 100' where 'subset: 101'"
                + " is asked for");
  }

  private static RunConfig withThreads(int threads) {
    RunConfig c = config(1, 100);
    return new RunConfig(
        c.data(), c.subset(), null, c.model(), null, c.device(), threads, c.training());
  }

  @Test
  void aRunUsesItsNumberOfThreads() {
    for (int threads : new int[] {1, 2}) {
      TrainingListener listener =
          new TrainingListener() {
            @Override
            public void onEpoch(EpochMetrics metrics, double seconds) {
              assertThat(torch.get_num_threads()).isEqualTo(threads);
            }
          };
      assertThat(Run.execute(withThreads(threads), DATA, List.of(listener)).metrics()).hasSize(1);
    }
    assertThatThrownBy(() -> withThreads(0)).hasMessage("threads must be in [1, 1024], but is 0");
  }

  @Test
  void aRunIsNotResumedWithAnotherNumberOfThreadsWhichCouldRoundOtherwise() {
    execute(withThreads(1), false);
    assertThatThrownBy(() -> execute(withThreads(2), true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            directory
                + " holds a run of another configuration: it has 'threads: 1' where 'threads: 2'"
                + " is asked for");
  }

  @Test
  void aDirectoryInUseIsRefused() throws IOException {
    RunConfig config = config(1, 100);
    execute(
        config,
        false,
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            assertThatThrownBy(() -> execute(config, true))
                .isInstanceOf(InUseException.class)
                .hasMessage(directory + " is in use by another run of noisylr");
          }
        });
    assertThat(execute(config, true).metrics()).hasSize(1);
  }

  @Test
  void aDeepLabStartsFromABackboneThatAnotherProgramWrote() throws IOException {
    SegmentationDataset data = (SegmentationDataset) Datasets.open("generated:voc2012");
    Path file = temporary.resolve("resnet50.safetensors");
    torch.manual_seed(3);
    Map<String, Tensor> backbone = new LinkedHashMap<>();
    try (DeepLabV3 other = new DeepLabV3(21)) {
      Tensors.state(other)
          .forEach(
              (name, tensor) -> {
                if (name.matches("(conv1|bn1|layer).*")) {
                  backbone.put(
                      name.replaceFirst("^(layer\\d)_(\\d+)_", "$1.$2.")
                          .replaceFirst("downsample_(\\d)", "downsample.$1"),
                      tensor);
                }
              });
      SafeTensors.write(file, backbone, Map.of());
      withoutDigest(file);
    }
    RunConfig plain = deepLab(null);
    RunConfig loaded = deepLab(file.toString());
    Run first = Run.execute(plain, data, List.of());
    assertThat(first.result().metric()).isEqualTo(Metric.MEAN_IOU);
    assertThat(first.result().bestTestAcc()).isBetween(0.0, 1.0);
    assertThat(Run.execute(loaded, data, List.of()).metrics().get(0).trainLoss())
        .isNotEqualTo(first.metrics().get(0).trainLoss());

    RunConfig missing = deepLab(temporary.resolve("none").toString());
    assertThatThrownBy(() -> Run.execute(missing, data, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage("the backbone " + temporary.resolve("none") + " does not exist");
    RunConfig c = config(1, 100);
    RunConfig wrong =
        new RunConfig(
            c.data(), 100, 100, c.model(), file.toString(), c.device(), THREADS, c.training());
    assertThatThrownBy(() -> Run.execute(wrong, DATA, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage("a backbone needs model deeplabv3, for no other has one");
  }

  private static RunConfig deepLab(String backbone) {
    return new RunConfig(
        "generated:voc2012",
        4,
        2,
        ModelName.DEEPLABV3,
        backbone,
        "cpu",
        THREADS,
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            new Constant(0.01),
            NoiseSpec.none(),
            1,
            4,
            Augmentation.ZOOM_MIRROR,
            Precision.FP32,
            1));
  }

  /** Takes the header's first text away, as a file of another program has none. */
  private static void withoutDigest(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) in.getLong();
    String header = new String(content, 8, length, StandardCharsets.UTF_8);
    byte[] foreign =
        header.replaceFirst("\"__metadata__\":\\{[^}]*\\},", "").getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(8 + foreign.length + content.length - 8 - length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(foreign.length).put(foreign).put(content, 8 + length, content.length - 8 - length);
    Files.write(file, out.array());
  }

  @Test
  void aPathThroughAFileIsRefused() throws IOException {
    Path file = Files.createFile(temporary.resolve("file"));
    directory = file.resolve("run");
    assertThatThrownBy(() -> execute(config(1, 100), false))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("cannot write to " + directory + ": ");
  }

  @Test
  void modelsRefuseImagesThatTheyDoNotTake() {
    RunConfig resNet =
        new RunConfig(
            "x", null, null, ModelName.RESNET20, null, "cpu", THREADS, config(1, 100).training());
    assertThatThrownBy(() -> Run.execute(resNet, DATA, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "model resnet20 takes images of 3 channels, but those of fashion-mnist-mini have 1");
    ImageSet big = new ImageSet(new byte[2 * 32 * 32], new int[] {0, 1}, 1, 32, 32);
    ImageDataset data = new ImageDataset("big", List.of("a", "b"), big, big);
    RunConfig cnn =
        new RunConfig(
            "x", null, null, ModelName.CNN28, null, "cpu", THREADS, config(1, 100).training());
    assertThatThrownBy(() -> Run.execute(cnn, data, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage("model cnn28 takes images of 28x28 pixels, but those of big have 32x32");
  }

  @Test
  void devicesAreNamedOrRefused() {
    assertThat(Devices.of("cpu").is_cpu()).isTrue();
    assertThatThrownBy(() -> Devices.of("tpu"))
        .isInstanceOf(InputException.class)
        .hasMessage("device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu");
    if (!torch.cuda_is_available()) {
      assertThat(Devices.of("auto").is_cpu()).isTrue();
      assertThatThrownBy(() -> Devices.of("cuda:1"))
          .isInstanceOf(InputException.class)
          .hasMessage("device is cuda:1, but " + Devices.cudaState());
    }
  }

  @Test
  void aDivergingRunKeepsItsLastCheckpoint() {
    RunConfig good = config(2, 100);
    RunConfig bad =
        new RunConfig(
            good.data(),
            good.subset(),
            null,
            good.model(),
            null,
            good.device(),
            good.threads(),
            new TrainingConfig(
                good.training().optimizer(),
                new StepDecay(0.01, List.of(new Milestone(1, 1e30))),
                NoiseSpec.none(),
                3,
                64,
                Augmentation.NONE,
                Precision.FP32,
                1));
    assertThatThrownBy(() -> execute(bad, false)).hasMessageContaining("in epoch 1 at step");
    assertThat(directory.resolve("checkpoint-000001.safetensors")).exists();
  }
}
