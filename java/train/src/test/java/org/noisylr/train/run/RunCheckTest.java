package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.DeepLabV3;
import org.noisylr.train.TestConfig;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;

/** Which models train on which data, on which devices and with which weights at the start. */
class RunCheckTest {
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(200, 200);

  @TempDir private Path temporary;

  /** Squares of one channel, one for each of these labels. */
  private static ImageDataset squares(String name, int side, List<String> classes, int... labels) {
    ImageSet images = new ImageSet(new byte[labels.length * side * side], labels, 1, side, side);
    return new ImageDataset(name, classes, images, images);
  }

  @Test
  void aDatasetOfOneClassIsRejected() {
    ImageDataset cats = squares("cats", 28, List.of("cat"), 0, 0);
    assertRejected(
        () -> Run.check(new TestConfig().run(), cats),
        "model cnn28 supports 2 or more classes, but cats has 1");
  }

  @Test
  void imagesOfAnotherShapeAreRejected() {
    RunConfig resNet = new TestConfig().model(ModelName.RESNET20).run();
    assertRejected(
        () -> Run.execute(resNet, DATA, List.of()),
        "model resnet20 takes images of 3 channels, but those of fashion-mnist-mini have 1");
    ImageDataset big = squares("big", 32, List.of("a", "b"), 0, 1);
    assertRejected(
        () -> Run.execute(new TestConfig().run(), big, List.of()),
        "model cnn28 takes images of 28x28 pixels, but those of big have 32x32");
  }

  @Test
  void devicesAreOpenedByNameOrRejected() {
    assertThat(Devices.of("cpu").is_cpu()).isTrue();
    assertRejected(
        () -> Devices.of("tpu"),
        "device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu");
    if (!torch.cuda_is_available()) {
      assertThat(Devices.of("auto").is_cpu()).isTrue();
      assertRejected(() -> Devices.of("cuda:1"), "device is cuda:1, but " + Devices.cudaState());
    }
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
      RunConfig config = new TestConfig().threads(threads).run();
      assertThat(Run.execute(config, DATA, List.of(listener)).metrics()).hasSize(1);
    }
    assertRejected(
        () -> new TestConfig().threads(0).run(), "threads must be in [1, 1024], but is 0");
  }

  private static RunConfig deepLab(Path backbone) {
    return new TestConfig()
        .data("generated:voc2012")
        .subset(4, 2)
        .model(ModelName.DEEPLABV3)
        .backbone(backbone == null ? null : backbone.toString())
        .threads(2)
        .batchSize(4)
        .augmentation(Augmentation.ZOOM_MIRROR)
        .run();
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aDeepLabStartsFromTheBackboneOfAnotherProgram() throws IOException {
    Dataset data = Datasets.open("generated:voc2012");
    Path backbone = temporary.resolve("resnet50.safetensors");
    writeForeignBackbone(backbone);
    Run plain = Run.execute(deepLab(null), data, List.of());
    assertThat(plain.result().metric()).isEqualTo(Metric.MEAN_IOU);
    assertThat(plain.result().bestTestAcc()).isBetween(0.0, 1.0);
    assertThat(Run.execute(deepLab(backbone), data, List.of()).metrics().get(0).trainLoss())
        .isNotEqualTo(plain.metrics().get(0).trainLoss());
  }

  @Test
  void aBackboneThatIsMissingOrCannotBeUsedIsRejected() {
    Path none = temporary.resolve("none");
    assertRejected(
        () -> Run.check(deepLab(none), Datasets.open("generated:voc2012")),
        "cannot read backbone " + none + ": no such file or folder");
    RunConfig cnn = new TestConfig().backbone(temporary.toString()).run();
    assertRejected(
        () -> Run.check(cnn, DATA), "model cnn28 has no backbone; only deeplabv3 has one");
  }

  @Test
  void aBackboneThatCannotBeUsedLeavesTheFolderFree() throws IOException {
    Dataset data = Datasets.open("generated:voc2012");
    Path text = Files.writeString(temporary.resolve("text"), "no weights");
    Path run = temporary.resolve("run");
    assertThatThrownBy(
            () -> Run.execute(deepLab(text), data, run, false, List.of(), new StopSignal()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(text + " is not a valid safetensors file: ");
    assertThat(run).doesNotExist();
  }

  /** Writes random weights under PyTorch's names, without a digest. */
  private static void writeForeignBackbone(Path file) throws IOException {
    torch.manual_seed(3);
    Map<String, Tensor> backbone = new LinkedHashMap<>();
    try (DeepLabV3 other = new DeepLabV3(21)) {
      for (Map.Entry<String, Tensor> weight : Tensors.state(other).entrySet()) {
        String name = weight.getKey().replaceFirst("downsample_(\\d)", "downsample.$1");
        if (name.matches("(conv1|bn1|layer).*")) {
          backbone.put(name.replaceFirst("^(layer\\d)_(\\d+)_", "$1.$2."), weight.getValue());
        }
      }
      SafeTensors.write(file, backbone, Map.of());
    }
    byte[] content = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) in.getLong();
    byte[] header =
        new String(content, 8, length, StandardCharsets.UTF_8)
            .replaceFirst("\"__metadata__\":\\{[^}]*\\},", "")
            .getBytes(StandardCharsets.UTF_8);
    int values = content.length - 8 - length;
    Files.write(
        file,
        ByteBuffer.allocate(8 + header.length + values)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .put(content, 8 + length, values)
            .array());
  }

  @Test
  void theDataMustBeResizedLikeTheRunSays() {
    assertRejected(
        () -> Run.check(new TestConfig().resize(28).run(), DATA),
        "resize must be that of the data, none, but is 28");
  }
}
