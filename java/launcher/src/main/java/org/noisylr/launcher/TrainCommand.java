package org.noisylr.launcher;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunResult;
import org.noisylr.train.run.StoppedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains one model. */
@Command(
    name = "train",
    description = "Train a model; with --out, keep its metrics, result and checkpoints.",
    sortOptions = false)
final class TrainCommand implements Callable<Integer> {
  enum Augment {
    AUTO,
    NONE,
    CROP,
    CROP_MIRROR,
    ZOOM_MIRROR
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      paramLabel = "NAME|DIR|ZIP",
      description =
          "Needed: fashion-mnist-mini (inside this program), fashion-mnist, mnist, cifar10, cifar100, svhn,"
              + " imdb, voc2012, generated:NAME (made up, of the form of NAME), or a folder or archive: IDX, CIFAR or SVHN files, images as"
              + " train/CLASS/*, test/CLASS/*, aclImdb, or VOCdevkit.")
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
          "Needed: cnn28 (grey images, 28x28); resnet20, resnet56, resnet20-keras, resnet56-keras, vgg16,"
              + " vgg16-no-dropout, densenet40-12, wrn16-8, svhn-cnn (colour images, 32x32); lstm"
              + " (texts); deeplabv3 (images with classes of pixels).")
  private ModelName model;

  @Option(
      names = "--backbone",
      paramLabel = "FILE",
      description =
          "For deeplabv3: safetensors of a ResNet-50 by torchvision's names to start from.")
  private Path backbone;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "momentum",
      description =
          "sgd, momentum, adam, adamw, adagrad, rmsprop, l4mom or l4adam (for L4, --lr is its alpha,"
              + " 0.15 in its paper); default ${DEFAULT-VALUE}.")
  private OptimizerSpec.Kind optimizer;

  @Option(
      names = "--momentum",
      paramLabel = "M",
      defaultValue = "0.9",
      description = "For --optimizer momentum; default ${DEFAULT-VALUE}.")
  private double momentum;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      description = "Default 1e-4; 0 for L4, which has none.")
  private Double weightDecay;

  @Option(
      names = "--optimizer-impl",
      paramLabel = "HOW",
      defaultValue = "fused",
      description =
          "fused (one pass over all parameters) or stock (LibTorch's own step): on a CPU the same"
              + " values; default ${DEFAULT-VALUE}.")
  private Implementation implementation;

  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private NoiseOptions noiseOptions;

  @Option(
      names = "--epochs",
      paramLabel = "S",
      defaultValue = "200",
      description = "Number of epochs; default ${DEFAULT-VALUE}.")
  private int epochs;

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
          "none, crop (4 pixels of padding), crop-mirror, zoom-mirror (magnified by 0.5 to 2, for"
              + " classes of pixels alone), or auto: zoom-mirror for classes of pixels, crop-mirror"
              + " for colour images, else none; default ${DEFAULT-VALUE}.")
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
      description = "CPU threads of LibTorch; default: the processors that this program may use.")
  private Integer threads;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description = "fp32 or bf16; default ${DEFAULT-VALUE}.")
  private Precision precision;

  @Option(names = "--out", paramLabel = "DIR", description = "Folder for the run's files.")
  private Path out;

  @Option(
      names = "--resume",
      description =
          "Go on with the run in --out from its newest good checkpoint, with no option more or those"
              + " that it began with.")
  private boolean resume;

  /** What is trained, on what. */
  private record Task(RunConfig config, Dataset data) {}

  @Override
  public Integer call() {
    if (resume && out == null) {
      throw new InputException("--resume needs --out, the folder of the run to go on with");
    }
    if (out != null && out.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    Task task = resumesAlone() ? stored() : asked();
    RunConfig config = task.config;
    PrintStream console = System.out;
    console.printf(
        "%s on %s (%d training, %d test examples), %s%n",
        config.model(),
        task.data.name(),
        config.subset() == null ? task.data.trainCount() : config.subset(),
        task.data.testCount(),
        config.device());
    try (ConsoleProgress progress = new ConsoleProgress(console, "", config.training().epochs())) {
      if (out == null) {
        report(Run.execute(config, task.data, List.of(progress)), true, console);
        return 0;
      }
      return trainInFolder(task, progress, console);
    }
  }

  private int trainInFolder(Task task, ConsoleProgress progress, PrintStream console) {
    AtomicBoolean trained = new AtomicBoolean();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            trained.set(true);
          }
        };
    try (Interruption interruption = new Interruption()) {
      try {
        report(
            Run.execute(
                task.config,
                task.data,
                out,
                resume,
                List.of(progress, listener),
                interruption.signal()),
            trained.get(),
            console);
        return 0;
      } catch (StoppedException e) {
        progress.close();
        PrintWriter err = spec.commandLine().getErr();
        err.printf(
            "noisylr: %s; go on with: noisylr train --resume --out %s%n",
            e.getMessage(), quoted(out.toString()));
        err.flush();
        return Noisylr.RUN_FAILED;
      }
    }
  }

  /** As a shell reads it. */
  private static String quoted(String text) {
    return text.matches("[\\w./+,:@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private void report(Run run, boolean trained, PrintStream console) {
    RunResult result = run.result();
    console.printf(
        Locale.ROOT,
        "%sbest test %s %.4f after %d of %d epochs, last %.4f, %.1f s%s%n",
        trained ? "" : "finished before: ",
        result.metric().title(),
        result.bestTestAcc(),
        result.bestEpoch() + 1,
        result.epochs(),
        result.lastTestAcc(),
        run.timing().total(),
        out == null ? "" : ", in " + out);
  }

  /** Whether nothing is said of the run but where it lies. */
  private boolean resumesAlone() {
    return resume
        && spec.commandLine().getParseResult().matchedOptions().stream()
            .allMatch(option -> Set.of("--resume", "--out").contains(option.longestName()));
  }

  private Task stored() {
    RunConfig config =
        Run.readConfig(out)
            .orElseThrow(
                () ->
                    new InputException(
                        out + " holds no run to go on with; to begin one, say what to train"));
    Run.checkDirectory(out, true);
    Devices.of(config.device());
    Dataset dataset = Datasets.open(config.data());
    Run.check(config, dataset);
    return new Task(config, dataset);
  }

  private Task asked() {
    if (resume) {
      for (String option : List.of("--data", "--model", "--lr")) {
        if (!Options.isGiven(spec, option)) {
          throw new InputException(
              "--resume takes --out alone, or all options that the run began with, but %s is missing"
                  .formatted(option));
        }
      }
    }
    Options.need(spec, "--data");
    Options.need(spec, "--model");
    Check.atLeast("--epochs", epochs, 1);
    Check.atLeast("--batch-size", batchSize, 1);
    checkThreads(threads);
    Schedule schedule = scheduleOptions.schedule();
    Options.goWith(
        spec,
        "--optimizer",
        "momentum",
        optimizer,
        optimizer == OptimizerSpec.Kind.MOMENTUM,
        "--momentum");
    OptimizerSpec optimizerSpec =
        Options.named(
            Map.of("momentum", "--momentum", "weight decay", "--weight-decay"),
            () -> new OptimizerSpec(optimizer, momentum, weightDecay(), implementation));
    NoiseSpec noise = noiseOptions.noise(epochs, seed);
    scheduleOptions.warn(epochs, spec.commandLine().getErr());
    NoiseOptions.warn(noise, epochs, spec.commandLine().getErr());
    if (out != null) {
      Run.checkDirectory(out, resume);
    }
    String deviceName = device.name(spec.commandLine().getErr());
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
            backbone == null ? null : backbone.toAbsolutePath().normalize().toString(),
            deviceName,
            threads == null ? Cpu.processors() : threads,
            training);
    Options.named(
        Map.of("subset", "--subset", "batch size", "--batch-size", "augmentation", "--augment"),
        () -> Run.check(config, dataset));
    return new Task(config, dataset);
  }

  private double weightDecay() {
    return weightDecay != null ? weightDecay : optimizer.isL4() ? 0 : 1e-4;
  }

  static void checkThreads(Integer threads) {
    if (threads != null) {
      Check.within("--threads", threads, 1, Cpu.processors());
    }
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
