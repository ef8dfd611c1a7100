package org.noisylr.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of one run: its {@link RunFiles} and {@link Checkpoints}. Every file is replaced as
 * a whole. All files but {@code timing.csv}, {@code environment.yaml} and logs depend on the
 * configuration alone. An open run directory is locked.
 */
public final class RunDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  private final Path directory;
  private final RunFiles files;
  private final Checkpoints checkpoints;
  private final DirectoryLock lock;

  private RunDirectory(Path directory, RunConfig config, String examples, DirectoryLock lock) {
    this.directory = directory;
    files = new RunFiles(directory);
    checkpoints = new Checkpoints(directory, config, examples);
    this.lock = lock;
  }

  /**
   * Checks that a run can start or resume in a directory, and creates nothing. {@link Run#execute}
   * may still reject it, for example because of its configuration.
   *
   * @param resume whether the directory may already hold a run
   * @throws InputException if it cannot be written, or holds a run and {@code resume} is false
   * @throws InUseException if another run has it open
   */
  public static void check(Path directory, boolean resume) {
    try {
      checkWritable(directory);
      if (Files.exists(directory)) {
        DirectoryLock.checkFree(directory);
        if (!resume) {
          checkNoRun(directory);
        }
      }
    } catch (IOException e) {
      throw Reason.unwritable(directory, e);
    }
  }

  private static void checkWritable(Path directory) throws IOException {
    Path existing = directory.toAbsolutePath();
    while (!Files.exists(existing, LinkOption.NOFOLLOW_LINKS) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    if (!Files.isDirectory(existing)) {
      throw new FileAlreadyExistsException(existing.toString());
    }
    if (!Files.isWritable(existing)) {
      throw Files.getFileStore(existing).isReadOnly()
          ? new FileSystemException(existing.toString(), null, "read-only file system")
          : new AccessDeniedException(existing.toString());
    }
  }

  private static void checkNoRun(Path directory) throws IOException {
    if (new RunFiles(directory).existAny() || Checkpoints.exist(directory)) {
      throw new InputException(
          directory
              + " already holds a run; add --resume to continue it, or choose another folder");
    }
  }

  /**
   * Opens a directory for a run. Creates it if it does not exist.
   *
   * @param examples the digest of the run's examples; null if it is unknown
   * @throws InputException if it holds a run and {@code resume} is false, if that run has another
   *     configuration, or if it cannot be written
   * @throws InUseException if another run has it open
   */
  static RunDirectory open(Path directory, RunConfig config, String examples, boolean resume) {
    DirectoryLock lock = null;
    try {
      Files.createDirectories(directory);
      lock = DirectoryLock.of(directory);
      deleteUnfinished(directory);
      if (!resume) {
        checkNoRun(directory);
      }
      RunDirectory opened = new RunDirectory(directory, config, examples, lock);
      opened.claim(config);
      opened.storeModel(config.model());
      lock = null;
      return opened;
    } catch (IOException e) {
      throw Reason.unwritable(directory, e);
    } finally {
      release(lock);
    }
  }

  /**
   * Writes the configuration of a run to a directory, so that the run can be resumed.
   *
   * @throws InputException if the directory holds a run with another configuration, or cannot be
   *     written
   * @throws InUseException if another run has it open
   */
  public static void prepare(Path directory, RunConfig config) {
    open(directory, config, null, true).close();
  }

  /** Deletes what a killed process left half-written. */
  private static void deleteUnfinished(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(RunDirectory::isUnfinished).toList()) {
        Files.delete(file);
      }
    }
  }

  private static boolean isUnfinished(Path file) {
    String name = file.getFileName().toString();
    if (!name.endsWith(AtomicFile.UNFINISHED)) {
      return false;
    }
    String target = name.substring(0, name.length() - AtomicFile.UNFINISHED.length());
    return RunFiles.isName(target) || Checkpoints.isName(target);
  }

  /** Checks that the directory belongs to this configuration, or writes the configuration to it. */
  private void claim(RunConfig config) throws IOException {
    Optional<RunConfig> stored = files.config();
    if (stored.isPresent()) {
      int processes = stored.get().processes();
      if (stored.get().model() instanceof ScriptFile own
          && config.model() instanceof ScriptFile given
          && !own.sha256().equals(given.sha256())) {
        throw new InputException(
            "%s holds a run of another model file: the SHA-256 of %s is %s, not %s"
                .formatted(directory, given.file(), given.sha256(), own.sha256()));
      }
      if (!stored.get().withPlaceOf(config).equals(config)) {
        throw stored.get().differsFrom(config, directory);
      }
      if (stored.get().equals(config) || readFinished(directory).isPresent()) {
        return;
      }
      if (!stored.get().data().equals(config.data()) && !checkpoints.belongToRun()) {
        throw new InputException(
            "%s holds a run on %s, but has no intact checkpoint that shows whether the examples of %s are the same"
                .formatted(directory, stored.get().data(), config.data()));
      }
      if (processes != config.processes()) {
        LOG.warn(
            "the run started with {} process(es) and resumes with {}: its results will differ slightly",
            processes,
            config.processes());
      }
    } else if (!checkpoints.belongToRun() && (files.existAny() || Checkpoints.exist(directory))) {
      throw new InputException(
          "%s holds run files but no %s and no readable checkpoint; choose another folder"
              .formatted(directory, RunFiles.CONFIG));
    }
    files.write(RunFiles.CONFIG, RunFormat.toYaml(config));
  }

  /** Stores a copy of a model's file, so that the run remains complete without that file. */
  private void storeModel(ModelSpec model) throws IOException {
    if (model instanceof ScriptFile script && !files.exists(RunFiles.MODEL)) {
      script.copyTo(files.path(RunFiles.MODEL));
    }
  }

  @Override
  public void close() {
    release(lock);
  }

  private static void release(DirectoryLock lock) {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        LOG.warn("cannot release a lock: {}", e.getMessage());
      }
    }
  }

  /**
   * Reads the configuration of a run, finished or not, from its directory. Returns empty if the
   * directory holds no run.
   *
   * @throws InputException if the file cannot be read or is damaged, or if the directory has
   *     checkpoints but no configuration
   */
  public static Optional<RunConfig> readConfig(Path directory) {
    Optional<RunConfig> config = new RunFiles(directory).config();
    try {
      if (config.isEmpty() && Files.isDirectory(directory) && Checkpoints.exist(directory)) {
        throw new InputException(
            "%s has checkpoints but no %s; repeat the original options to resume"
                .formatted(directory, RunFiles.CONFIG));
      }
    } catch (IOException e) {
      throw Reason.unreadable(directory, e);
    }
    return config;
  }

  /**
   * Reads the configuration of a run from a file.
   *
   * @throws InputException if the file cannot be read or is damaged
   */
  public static RunConfig readConfigFile(Path file) {
    return RunFiles.read(file, RunFormat::fromYaml);
  }

  /**
   * Reads a finished run from its directory. Returns empty if the directory holds no run or an
   * unfinished one.
   *
   * @throws InputException if one of its files cannot be read or is damaged
   */
  public static Optional<Run> readFinished(Path directory) {
    return new RunFiles(directory).finishedRun();
  }

  /**
   * Reads the metrics of a run's completed epochs; empty if there are none.
   *
   * @throws InputException if the file cannot be read or is damaged
   */
  public static List<EpochMetrics> readMetrics(Path directory) {
    return new RunFiles(directory).metrics();
  }

  /** Reads the times of a run's epochs; empty if they are missing or damaged. */
  public static Timing readTiming(Path directory) {
    return new RunFiles(directory).timing();
  }

  /**
   * Returns the {@link Environment} of each start of a run; empty if it is missing or damaged,
   * because no result depends on it.
   */
  public static List<Map<String, String>> readStarts(Path directory) {
    return new RunFiles(directory).starts();
  }

  /**
   * Opens the model with the best score of a run.
   *
   * @throws InputException if the run has none, or its file is damaged
   */
  public static TrainedModel openBest(Path directory, Device device) {
    Path file = directory.resolve(RunFiles.BEST);
    if (!new RunFiles(directory).exists(RunFiles.CONFIG)) {
      throw new InputException(
          "%s must be the folder of a run, but %s"
              .formatted(directory, Files.exists(directory) ? "holds none" : "does not exist"));
    }
    if (!Files.exists(file)) {
      throw new InputException(
          "%s has no %s; a run writes it after its first epoch"
              .formatted(directory, RunFiles.BEST));
    }
    return TrainedModel.read(file, directory, device);
  }

  /**
   * Opens the model of a run's last epoch.
   *
   * @throws InputException if the run has no readable checkpoint
   */
  public static TrainedModel openLast(Path directory, Device device) {
    try (TrainedModel best = openBest(directory, device)) {
      return Checkpoints.open(directory, best.info(), device);
    } catch (IOException e) {
      throw Reason.unreadable(directory, e);
    }
  }

  /**
   * Deletes the checkpoints and the weights of a finished run.
   *
   * @throws InputException if a file cannot be deleted
   */
  public static void deleteCheckpoints(Path directory) {
    try {
      Checkpoints.delete(directory);
      Files.deleteIfExists(directory.resolve(RunFiles.BEST));
      Files.deleteIfExists(directory.resolve(RunFiles.MODEL));
    } catch (IOException e) {
      throw Reason.unwritable(directory, e);
    }
  }

  /** Saves the state after an epoch or, if the trainer was stopped, within one. */
  void save(
      Trainer trainer,
      List<EpochMetrics> metrics,
      Timing timing,
      Function<EpochMetrics, ModelInfo> info) {
    try {
      // Before the checkpoint: a run that resumes from an older one writes it again.
      EpochMetrics best = metrics.isEmpty() ? null : Selection.best(metrics);
      if (trainer.stepsDone() == 0 && best.epoch() == metrics.size() - 1) {
        TrainedModel.write(files.path(RunFiles.BEST), trainer.weights(), info.apply(best));
      }
      files.write(RunFiles.TIMING, timing.toCsv());
      checkpoints.write(trainer, metrics);
      files.write(RunFiles.METRICS, MetricsCsv.format(metrics));
      checkpoints.prune(metrics.size(), trainer.stepsDone());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Notes that a process starts or resumes the run. */
  void saveStart(RunConfig config) {
    try {
      files.addStart(Environment.of(config.device()));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  void saveResult(RunResult result) {
    try {
      files.write(RunFiles.RESULT, RunFormat.toJson(result));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UncheckedIOException failed(IOException e) {
    return new UncheckedIOException(
        "cannot write to %s: %s; %s"
            .formatted(directory, Reason.of(e, directory), checkpoints.newestGood()),
        e);
  }

  /**
   * Puts the trainer into the state of the newest checkpoint, see {@link Checkpoints#restore}.
   *
   * @return the metrics up to the checkpoint; empty if the run starts
   * @throws InputException also if there are metrics but no checkpoint
   */
  List<EpochMetrics> restore(Trainer trainer) {
    Optional<List<EpochMetrics>> restored;
    try {
      restored = checkpoints.restore(trainer);
    } catch (IOException e) {
      throw Reason.unreadable(directory, e);
    }
    if (restored.isEmpty() && !files.metrics().isEmpty()) {
      throw new InputException(
          "%s lists epochs, but there is no checkpoint to resume from; delete the folder %s to start again"
              .formatted(files.path(RunFiles.METRICS), directory));
    }
    if (restored.isPresent()) {
      try {
        files.write(RunFiles.METRICS, MetricsCsv.format(restored.get()));
      } catch (IOException e) {
        throw failed(e);
      }
    }
    return new ArrayList<>(restored.orElse(List.of()));
  }

  /** Returns the times of the first epochs. */
  Timing timing(int epochs) {
    return files.timing().first(epochs);
  }
}
