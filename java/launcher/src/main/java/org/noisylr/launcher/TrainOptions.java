package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.NamedAugmentation;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelSpec;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.Selection;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options for a run. */
final class TrainOptions extends OptionGroup {
  @Option(names = "--data", paramLabel = "NAME|PATH")
  private String data;

  @Option(names = "--resize", paramLabel = "N")
  private Integer resize;

  @Option(names = "--subset", paramLabel = "N")
  private Integer subset;

  @Option(names = "--test-subset", paramLabel = "N")
  private Integer testSubset;

  @Option(names = "--model", paramLabel = "NAME|FILE.pt", converter = ModelConverter.class)
  private ModelSpec model;

  @Mixin private OptimizerOptions optimizer;
  @Mixin private ScheduleOptions schedules;
  @Mixin private NoiseOptions noises;
  @Mixin private EpochsOption epochsOption;

  @Mixin private UpdateFlags updateFlags;
  @Mixin private SelectionOptions selectionOptions;

  @Option(names = "--batch-size", paramLabel = "B", defaultValue = "128")
  private int batchSize;

  @Option(names = "--augment", paramLabel = "HOW", defaultValue = "auto")
  private NamedAugmentation augment;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "0")
  private long seed;

  @Mixin private DeviceOption device;
  @Mixin private ThreadsOption threads;

  @Option(names = "--processes", paramLabel = "N")
  private Integer processes;

  @Option(names = "--capture")
  private boolean capture;

  @Option(names = "--precision", paramLabel = "P", defaultValue = "fp32")
  private Precision precision;

  @Option(names = "--backbone", paramLabel = "FILE")
  private Path backbone;

  /**
   * A run and its open dataset.
   *
   * @param config the run
   * @param data its dataset
   */
  record Task(RunConfig config, Dataset data) {}

  /**
   * Returns the run that the options describe. Checks the options before it opens the data.
   *
   * @param rank the place of this process in a group; empty if it trains alone
   * @param storedThreads the threads of the run to resume
   * @param directory of the run; null for none
   * @param checkDirectory checks it
   * @throws org.noisylr.check.InputException if an option or the data is unsuitable
   */
  Task task(
      Optional<Rendezvous> rank,
      Optional<Integer> storedThreads,
      Path directory,
      Runnable checkDirectory) {
    Options.require(command(), "--data");
    if (model == null) {
      model = ConfigDefaults.model(command());
    }
    Options.require(command(), "--model");
    PrintWriter err = command().commandLine().getErr();
    int epochs = epochsOption.epochs();
    Check.atLeast("--batch-size", batchSize, 1);
    int threadCount = threads.orElse(() -> storedThreads.orElseGet(Cpu::processorsOfRank));
    int ranks = rank.map(Rendezvous::size).orElse(1);
    if (batchSize < ranks) {
      throw Check.invalid("--batch-size", batchSize, "at least the number of processes, " + ranks);
    }
    Schedule schedule = schedules.schedule(epochs, err);
    OptimizerSpec optimizerSpec = optimizer.spec();
    UpdateOptions update = updateFlags.update();
    Selection selection = selectionOptions.selection();
    NoiseSpec noise = noises.noise(epochs, seed, false, err);
    checkDirectory.run();
    String deviceName = device.name(err, rank.map(Rendezvous::localRank).orElse(0));
    Dataset dataset =
        Options.named(Map.of("resize", "--resize"), () -> Datasets.open(data, resize));
    TrainingConfig training =
        new TrainingConfig(
            optimizerSpec,
            schedule,
            noise,
            epochs,
            batchSize,
            augment.of(dataset),
            precision,
            update,
            seed);
    RunConfig config =
        Options.named(
            Map.of("capture", "--capture"),
            () ->
                new RunConfig(
                    Datasets.canonical(data),
                    resize,
                    subset,
                    testSubset,
                    model,
                    Options.absolute(backbone),
                    deviceName,
                    threadCount,
                    ranks,
                    capture,
                    training,
                    selection));
    Options.named(
        Map.of(
            "capture",
            "--capture",
            "subset",
            "--subset",
            "test subset",
            "--test-subset",
            "batch size",
            "--batch-size",
            "augmentation",
            "--augment",
            "validation",
            "--validation"),
        () -> Run.check(config, dataset, directory));
    warnOfAccumulation(config, dataset, err);
    return new Task(config, dataset);
  }

  private static void warnOfAccumulation(RunConfig config, Dataset dataset, PrintWriter err) {
    int examples = Objects.requireNonNullElse(config.subset(), dataset.trainCount());
    int batches = -Math.floorDiv(-examples, config.training().batchSize());
    int accumulate = config.training().update().accumulate();
    if (accumulate > batches) {
      err.printf(
          "noisylr: warning: --accumulate is %d, but an epoch has %d batches: it makes one update%n",
          accumulate, batches);
    }
  }

  /** Returns the number of epochs. */
  int epochs() {
    return epochsOption.epochs();
  }

  /** Returns the given number of processes; 1 if none was given. */
  int processes() {
    return processes == null ? 1 : (int) Check.within("--processes", (long) processes, 1, 64);
  }

  /** Returns whether the run may use CUDA. */
  boolean allowsCuda() {
    return device.allowsCuda();
  }
}
