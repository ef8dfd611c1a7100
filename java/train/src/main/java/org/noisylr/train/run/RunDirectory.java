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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one run: {@code config.yaml}, {@code metrics.csv}, {@code timing.csv}, {@code
 * result.json} and {@code checkpoint-EPOCHS.safetensors} or, of a run that was stopped within an
 * epoch, {@code checkpoint-EPOCHS-STEPS.safetensors}, each replaced as a whole. A checkpoint holds
 * the tensors, the configuration and the metrics up to it, so it is all that a run needs to go on.
 * All files but {@code timing.csv} depend on nothing but the configuration. An open run directory
 * is locked.
 */
final class RunDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  static final String CONFIG = "config.yaml";
  static final String METRICS = "metrics.csv";
  static final String RESULT = "result.json";
  static final String TIMING = "timing.csv";

  private static final int LONGEST_TEXT = 1 << 26;
  private static final String NO_GOOD = "there is no good checkpoint";
  private static final String FORMAT = "noisylr checkpoint 2";
  private static final Pattern CHECKPOINT =
      Pattern.compile("checkpoint-(\\d{6,9})(?:-(\\d{6,9}))?\\.safetensors");

  private final Path directory;
  private final String config;
  private final DirectoryLock lock;

  private RunDirectory(Path directory, String config, DirectoryLock lock) {
    this.directory = directory;
    this.config = config;
    this.lock = lock;
  }

  /**
   * Looks whether a run can begin or go on in a directory, and makes nothing: {@link #open} may
   * still refuse it, because of its configuration for instance.
   *
   * @throws InputException if it cannot be written, or holds a run and {@code resume} is false
   * @throws InUseException if another run has it open
   */
  static void check(Path directory, boolean resume) {
    try {
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
      if (Files.exists(directory)) {
        DirectoryLock.probe(directory);
        if (!resume) {
          refuseRun(directory);
        }
      }
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  private static void refuseRun(Path directory) throws IOException {
    if (Stream.of(CONFIG, METRICS, TIMING, RESULT)
            .anyMatch(name -> Files.exists(directory.resolve(name)))
        || !checkpoints(directory).isEmpty()) {
      throw new InputException(
          directory + " holds a run already; add --resume to go on with it, or name another");
    }
  }

  /**
   * Opens a directory for a run, and makes it where there is none.
   *
   * @throws InputException if it holds a run and {@code resume} is false, if that run has another
   *     configuration, or if it cannot be written
   * @throws InUseException if another run has it open
   */
  static RunDirectory open(Path directory, RunConfig config, boolean resume) {
    String yaml = RunFormat.toYaml(config);
    DirectoryLock lock = null;
    try {
      Files.createDirectories(directory);
      lock = DirectoryLock.of(directory);
      deleteUnfinished(directory);
      Path file = directory.resolve(CONFIG);
      if (!resume) {
        refuseRun(directory);
      }
      RunDirectory opened = new RunDirectory(directory, yaml, lock);
      if (Files.exists(file)) {
        checkSame(file, config, yaml);
      } else {
        opened.checkWithoutConfig();
        AtomicFile.write(file, yaml);
      }
      lock = null;
      return opened;
    } catch (IOException e) {
      throw unwritable(directory, e);
    } finally {
      close(lock);
    }
  }

  /** Deletes what a process that was killed had begun to write. */
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
    String whole = name.substring(0, name.length() - AtomicFile.UNFINISHED.length());
    return List.of(CONFIG, METRICS, TIMING, RESULT).contains(whole)
        || CHECKPOINT.matcher(whole).matches();
  }

  private static void close(DirectoryLock lock) {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        LOG.warn("cannot release a lock: {}", e.getMessage());
      }
    }
  }

  @Override
  public void close() {
    close(lock);
  }

  /** Looks whether what lies here, but for its configuration, is of this one. */
  private void checkWithoutConfig() throws IOException {
    List<Checkpoint> checkpoints = checkpoints(directory);
    for (Checkpoint checkpoint : checkpoints) {
      try (PointerScope scope = new PointerScope();
          SafeTensors content = readSound(checkpoint.file)) {
        checkOrigin(checkpoint.file, content.metadata());
        return;
      } catch (DamagedException e) {
        // The one before may tell.
      }
    }
    if (!checkpoints.isEmpty()
        || Files.exists(directory.resolve(RESULT))
        || Files.exists(directory.resolve(METRICS))) {
      throw new InputException(
          "%s holds a run without a %s or a good checkpoint that says of what; name another folder"
              .formatted(directory, CONFIG));
    }
  }

  private static void checkSame(Path file, RunConfig config, String yaml) {
    String stored = text(file);
    if (!parse(file, stored, RunFormat::fromYaml).equals(config)) {
      throw new InputException(
          "%s holds a run of another configuration: %s"
              .formatted(file.getParent(), firstDifference(stored, yaml)));
    }
  }

  private static String text(Path file) {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file) || Files.size(file) > LONGEST_TEXT) {
        throw new InputException(
            "%s must be a file of at most %d bytes".formatted(file, LONGEST_TEXT));
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new InputException("cannot read " + file + ": " + Reason.of(e, file), e);
    }
  }

  private static <T> T parse(Path file, String text, Function<String, T> parser) {
    try {
      return parser.apply(text);
    } catch (InputException e) {
      throw new InputException(file + " is " + e.getMessage(), e);
    }
  }

  static Optional<RunConfig> readConfig(Path directory) {
    Path file = directory.resolve(CONFIG);
    if (Files.exists(file)) {
      return Optional.of(parse(file, text(file), RunFormat::fromYaml));
    }
    if (Files.isDirectory(directory) && !list(directory).isEmpty()) {
      throw new InputException(
          "%s has checkpoints, but no %s; go on with all options that the run began with"
              .formatted(directory, CONFIG));
    }
    return Optional.empty();
  }

  /** The result is written last, so a run that has one is finished. */
  static Optional<Run> read(Path directory) {
    Path file = directory.resolve(RESULT);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    RunResult result = parse(file, text(file), RunFormat::fromJson);
    Path metrics = directory.resolve(METRICS);
    List<EpochMetrics> epochs;
    try {
      epochs = MetricsCsv.parse(text(metrics));
    } catch (InputException e) {
      throw new InputException(metrics + ": " + e.getMessage(), e);
    }
    if (epochs.isEmpty()
        || !result.equals(RunResult.of(result.metric(), epochs, result.parameters()))) {
      throw new InputException("%s is not the result of %s".formatted(file, metrics));
    }
    Optional<RunConfig> config = readConfig(directory);
    if (config.isPresent() && config.get().training().epochs() != result.epochs()) {
      throw new InputException(
          "%s has %d epochs, but the run has %d"
              .formatted(file, result.epochs(), config.get().training().epochs()));
    }
    return Optional.of(new Run(epochs, result, timing(directory)));
  }

  static void deleteCheckpoints(Path directory) {
    try {
      for (Checkpoint checkpoint : checkpoints(directory)) {
        Files.deleteIfExists(checkpoint.file);
      }
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  private static String firstDifference(String stored, String asked) {
    List<String> left = stored.lines().map(String::strip).toList();
    List<String> right = asked.lines().map(String::strip).toList();
    for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
      String was = i < left.size() ? left.get(i) : "nothing";
      String is = i < right.size() ? right.get(i) : "nothing";
      if (!was.equals(is)) {
        return "it has '%s' where '%s' is asked for".formatted(was, is);
      }
    }
    return "it differs in a value's form";
  }

  /**
   * The file of a state.
   *
   * @param epochs done
   * @param steps of the next epoch that are done
   */
  private record Checkpoint(Path file, int epochs, int steps) {
    static Optional<Checkpoint> of(Path file) {
      Matcher name = CHECKPOINT.matcher(file.getFileName().toString());
      return name.matches()
          ? Optional.of(
              new Checkpoint(
                  file,
                  Integer.parseInt(name.group(1)),
                  name.group(2) == null ? 0 : Integer.parseInt(name.group(2))))
          : Optional.empty();
    }
  }

  /** Saves the state after an epoch or, if the trainer was stopped, within one. */
  void save(Trainer trainer, List<EpochMetrics> metrics, Timing timing) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("epochs_done", Integer.toString(metrics.size()));
    metadata.put("steps_done", Integer.toString(trainer.stepsDone()));
    metadata.put("config", config);
    metadata.put("metrics", MetricsCsv.format(metrics));
    Path newest = checkpoint(metrics.size(), trainer.stepsDone());
    Path previous = checkpoint(metrics.size() - (trainer.stepsDone() == 0 ? 1 : 0), 0);
    try (PointerScope scope = new PointerScope()) {
      AtomicFile.write(directory.resolve(TIMING), timing.toCsv());
      SafeTensors.write(newest, trainer.state(), metadata);
      AtomicFile.write(directory.resolve(METRICS), MetricsCsv.format(metrics));
      // Those of later epochs were not sound, or the run would have gone on from there.
      for (Checkpoint checkpoint : checkpoints(directory)) {
        if (!checkpoint.file.equals(newest) && !checkpoint.file.equals(previous)) {
          Files.deleteIfExists(checkpoint.file);
        }
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  void saveResult(RunResult result) {
    try {
      AtomicFile.write(directory.resolve(RESULT), RunFormat.toJson(result));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UncheckedIOException failed(IOException e) {
    return new UncheckedIOException(
        "cannot write to %s: %s; %s".formatted(directory, Reason.of(e, directory), newestGood()),
        e);
  }

  private String newestGood() {
    try {
      return newestOf(checkpoints(directory))
          .map(good -> "the newest good checkpoint is " + good)
          .orElse(NO_GOOD);
    } catch (IOException e) {
      return NO_GOOD;
    }
  }

  private Optional<Path> newestOf(List<Checkpoint> checkpoints) {
    for (Checkpoint checkpoint : checkpoints) {
      try (SafeTensors content = SafeTensors.read(checkpoint.file)) {
        checkOrigin(checkpoint.file, content.metadata());
        return Optional.of(checkpoint.file);
      } catch (InputException | IOException e) {
        // Not a good one.
      }
    }
    return Optional.empty();
  }

  private Path checkpoint(int epochs, int steps) {
    String name = String.format(Locale.ROOT, "checkpoint-%06d", epochs);
    if (steps > 0) {
      name += String.format(Locale.ROOT, "-%06d", steps);
    }
    return directory.resolve(name + ".safetensors");
  }

  /**
   * Puts the trainer into the state of the newest checkpoint; one that is damaged is passed over
   * with a warning.
   *
   * @return the metrics of the epochs done until then; empty if nothing was done
   * @throws InputException if epochs were done, but no checkpoint is sound, or the newest sound one
   *     is of another version, configuration or model
   */
  List<EpochMetrics> restore(Trainer trainer) {
    List<Checkpoint> checkpoints = list(directory);
    String damage = null;
    for (int i = 0; i < checkpoints.size(); i++) {
      Path file = checkpoints.get(i).file;
      try (PointerScope scope = new PointerScope();
          SafeTensors content = readSound(file)) {
        List<EpochMetrics> metrics = restore(trainer, file, content);
        LOG.info("going on from {}", file);
        return metrics;
      } catch (DamagedException e) {
        LOG.warn("passing over a checkpoint: {}", e.getMessage());
        damage = damage == null ? e.getMessage() : damage;
      } catch (InputException e) {
        throw new InputException(
            "%s; %s"
                .formatted(
                    e.getMessage(),
                    newestOf(checkpoints.subList(i + 1, checkpoints.size()))
                        .map(good -> "remove it to go on from the newest good checkpoint, " + good)
                        .orElse(NO_GOOD)),
            e);
      }
    }
    if (damage != null) {
      throw new InputException(
          "%s, and %s; delete the folder %s to begin anew".formatted(damage, NO_GOOD, directory));
    }
    Path metrics = directory.resolve(METRICS);
    if (Files.exists(metrics) && !parse(metrics, text(metrics), MetricsCsv::parse).isEmpty()) {
      throw new InputException(
          "%s has epochs, but there is no checkpoint to go on from; delete the folder %s to begin anew"
              .formatted(metrics, directory));
    }
    return new ArrayList<>();
  }

  /** A checkpoint that does not hold what was once written to it. */
  private static final class DamagedException extends Exception {
    DamagedException(String message, Exception cause) {
      super(message, cause);
    }
  }

  private static SafeTensors readSound(Path file) throws DamagedException {
    try {
      return SafeTensors.read(file);
    } catch (InputException e) {
      throw new DamagedException(e.getMessage(), e);
    } catch (IOException e) {
      throw new DamagedException("cannot read " + file + ": " + Reason.of(e, file), e);
    }
  }

  private List<EpochMetrics> restore(Trainer trainer, Path file, SafeTensors content) {
    Map<String, String> metadata = content.metadata();
    checkOrigin(file, metadata);
    try {
      List<EpochMetrics> metrics = MetricsCsv.parse(metadata.getOrDefault("metrics", ""));
      if (!Integer.toString(metrics.size()).equals(metadata.get("epochs_done"))) {
        throw new InputException("the metrics are of another number of epochs than it says");
      }
      int steps = Integer.parseInt(metadata.getOrDefault("steps_done", ""));
      trainer.restore(content.tensors(), metrics.size(), steps);
      AtomicFile.write(directory.resolve(METRICS), MetricsCsv.format(metrics));
      return metrics;
    } catch (IOException e) {
      throw failed(e);
    } catch (InputException e) {
      throw new InputException(file + ": " + e.getMessage(), e);
    } catch (NumberFormatException e) {
      throw new InputException(file + ": steps_done must be an integer", e);
    }
  }

  private void checkOrigin(Path file, Map<String, String> metadata) {
    if (!FORMAT.equals(metadata.get("format"))) {
      throw new InputException(
          "%s must be of the format '%s', but is of '%s'"
              .formatted(file, FORMAT, metadata.get("format")));
    }
    if (!config.equals(metadata.get("config"))) {
      throw new InputException(
          "%s belongs to a run of another configuration: %s"
              .formatted(file, firstDifference(metadata.getOrDefault("config", ""), config)));
    }
  }

  /** What a run that goes on from {@code epochs} epochs has measured of time until then. */
  Timing timing(int epochs) {
    return timing(directory).until(epochs);
  }

  private static Timing timing(Path directory) {
    Path file = directory.resolve(TIMING);
    try {
      return Files.exists(file) ? parse(file, text(file), Timing::parse) : new Timing();
    } catch (InputException e) {
      LOG.warn("{}; its times are left out", e.getMessage());
      return new Timing();
    }
  }

  private static List<Checkpoint> list(Path directory) {
    try {
      return checkpoints(directory);
    } catch (IOException e) {
      throw new InputException("cannot read " + directory + ": " + Reason.of(e, directory), e);
    }
  }

  /** Newest first. */
  private static List<Checkpoint> checkpoints(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .flatMap(file -> Checkpoint.of(file).stream())
          .sorted(
              Comparator.comparingInt(Checkpoint::epochs)
                  .thenComparingInt(Checkpoint::steps)
                  .reversed())
          .toList();
    }
  }

  private static InputException unwritable(Path directory, IOException e) {
    return new InputException("cannot write to " + directory + ": " + Reason.of(e, directory), e);
  }
}
