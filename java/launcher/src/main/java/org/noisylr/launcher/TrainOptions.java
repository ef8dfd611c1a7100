package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Datasets;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options for a run: what is trained, on what, where and how. */
final class TrainOptions {
  enum Augment {
    AUTO,
    NONE,
    CROP,
    CROP_MIRROR,
    ZOOM_MIRROR
  }

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--data",
      paramLabel = "NAME|DIR|ZIP",
      description =
          "Required. fashion-mnist-mini (embedded), fashion-mnist, mnist, cifar10, cifar100, svhn,"
              + " imdb, voc2012, generated:NAME (synthetic data shaped like NAME), or a folder or"
              + " archive: IDX, CIFAR or SVHN files, images as train/CLASS/* and test/CLASS/*,"
              + " aclImdb, or VOCdevkit.")
  private String data;

  @Option(
      names = "--subset",
      paramLabel = "N",
      description = "Use the first N training examples only.")
  private Integer subset;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description =
          "Required. cnn28 (grey images, 28x28); resnet20, resnet56, resnet20-keras,"
              + " resnet56-keras, vgg16, vgg16-no-dropout, densenet40-12, wrn16-8, svhn-cnn (colour"
              + " images, 32x32); lstm (text); deeplabv3 (semantic segmentation).")
  private ModelName model;

  @Option(
      names = "--backbone",
      paramLabel = "FILE",
      description =
          "For deeplabv3: initial weights, safetensors of a ResNet-50 with torchvision's names.")
  private Path backbone;

  @Mixin private OptimizerOptions optimizer;
  @Mixin private ScheduleOptions schedules;
  @Mixin private NoiseOptions noises;
  @Mixin private EpochsOption epochsOption;

  @Option(
      names = "--batch-size",
      paramLabel = "B",
      defaultValue = "128",
      description = "Examples a step; default ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--augment",
      paramLabel = "HOW",
      defaultValue = "auto",
      description =
          "none, crop (4 pixels of padding), crop-mirror, zoom-mirror (zoom by 0.5 to 2, for"
              + " segmentation only), or auto: zoom-mirror for segmentation, crop-mirror for colour"
              + " images, else none; default ${DEFAULT-VALUE}.")
  private Augment augment;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of weights, order, augmentation and noise; default ${DEFAULT-VALUE}.")
  private long seed;

  @Mixin private DeviceOption device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads of LibTorch; default: all processors that this program may use.")
  private Integer threads;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description = "fp32 or bf16; default ${DEFAULT-VALUE}.")
  private Precision precision;

  /**
   * A run and its open dataset.
   *
   * @param config the run
   * @param data its dataset
   */
  record Task(RunConfig config, Dataset data) {}

  /**
   * The run that the options describe. Checks the options before it opens the data.
   *
   * @param checkFolder checks the folder of the run
   * @throws org.noisylr.check.InputException if an option or the data is unsuitable
   */
  Task task(Runnable checkFolder) {
    Options.require(command, "--data");
    Options.require(command, "--model");
    PrintWriter err = command.commandLine().getErr();
    int epochs = epochsOption.epochs();
    Check.atLeast("--batch-size", batchSize, 1);
    Options.checkThreads(threads);
    Schedule schedule = schedules.schedule(epochs, err);
    OptimizerSpec optimizerSpec = optimizer.spec();
    NoiseSpec noise = noises.noise(epochs, seed, false, err);
    checkFolder.run();
    String deviceName = device.name(err);
    Dataset dataset = Datasets.open(data);
    TrainingConfig training =
        new TrainingConfig(
            optimizerSpec,
            schedule,
            noise,
            epochs,
            batchSize,
            augmentation(dataset),
            precision,
            seed);
    RunConfig config =
        new RunConfig(
            Datasets.canonical(data),
            subset,
            null,
            model,
            Options.absolute(backbone),
            deviceName,
            threads == null ? Cpu.processors() : threads,
            training);
    Options.named(
        Map.of("subset", "--subset", "batch size", "--batch-size", "augmentation", "--augment"),
        () -> Run.check(config, dataset));
    return new Task(config, dataset);
  }

  private Augmentation augmentation(Dataset dataset) {
    return switch (augment) {
      case NONE -> Augmentation.NONE;
      case CROP -> Augmentation.CROP;
      case CROP_MIRROR -> Augmentation.CROP_MIRROR;
      case ZOOM_MIRROR -> Augmentation.ZOOM_MIRROR;
      case AUTO -> automatic(dataset);
    };
  }

  private static Augmentation automatic(Dataset dataset) {
    if (dataset instanceof SegmentationDataset) {
      return Augmentation.ZOOM_MIRROR;
    }
    return dataset instanceof ImageDataset images && images.train().channels() == 3
        ? Augmentation.CROP_MIRROR
        : Augmentation.NONE;
  }
}
