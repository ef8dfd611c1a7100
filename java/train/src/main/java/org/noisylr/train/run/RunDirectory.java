package org.noisylr.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.noisylr.check.InputException;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one run: {@code config.yaml}, {@code metrics.csv}, {@code result.json} and {@code
 * checkpoint-EPOCHS.safetensors}, each replaced as a whole. A checkpoint holds the tensors, the
 * configuration and the metrics up to it, so it is all that a run needs to go on. An open run
 * directory is locked.
 */
final class RunDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  static final String CONFIG = "config.yaml";
  static final String METRICS = "metrics.csv";
  static final String RESULT = "result.json";

  private static final int LONGEST_TEXT = 1 << 26;
  private static final String FORMAT = "noisylr checkpoint 1";

  private final Path directory;
  private final String config;
  private final DirectoryLock lock;

  private RunDirectory(Path directory, String config, DirectoryLock lock) {
    this.directory = directory;
    this.config = config;
    this.lock = lock;
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
      Path file = directory.resolve(CONFIG);
      if (Files.exists(file)) {
        if (!resume) {
          throw new InputException(
              directory + " holds a run already; add --resume to go on with it, or name another");
        }
        checkSame(file, config, yaml);
      } else {
        AtomicFile.write(file, yaml);
      }
      RunDirectory opened = new RunDirectory(directory, yaml, lock);
      lock = null;
      return opened;
    } catch (IOException e) {
      throw unwritable(directory, e);
    } finally {
      close(lock);
    }
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
      throw new InputException("cannot read " + file + ": " + e, e);
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
    return Files.exists(file)
        ? Optional.of(parse(file, text(file), RunFormat::fromYaml))
        : Optional.empty();
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
    return Optional.of(new Run(epochs, result));
  }

  static void deleteCheckpoints(Path directory) {
    try {
      for (Path file : checkpoints(directory)) {
        Files.deleteIfExists(file);
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

  /** Saves the state after an epoch, then what was measured so far. */
  void save(Trainer trainer, List<EpochMetrics> metrics) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("epochs_done", Integer.toString(metrics.size()));
    metadata.put("config", config);
    metadata.put("metrics", MetricsCsv.format(metrics));
    Path newest = checkpoint(metrics.size());
    try (PointerScope scope = new PointerScope()) {
      SafeTensors.write(newest, trainer.state(), metadata);
      // Those of later epochs were not sound, or the run would have gone on from there.
      Path previous = checkpoint(metrics.size() - 1);
      for (Path file : checkpoints(directory)) {
        if (!file.equals(newest) && !file.equals(previous)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw failed(e);
    }
    saveMetrics(metrics);
  }

  void saveResult(RunResult result) {
    try {
      AtomicFile.write(directory.resolve(RESULT), RunFormat.toJson(result));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void saveMetrics(List<EpochMetrics> metrics) {
    try {
      AtomicFile.write(directory.resolve(METRICS), MetricsCsv.format(metrics));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UncheckedIOException failed(IOException e) {
    return new UncheckedIOException("cannot write to " + directory + ": " + e, e);
  }

  private Path checkpoint(int epochs) {
    return directory.resolve(String.format(Locale.ROOT, "checkpoint-%06d.safetensors", epochs));
  }

  /**
   * Puts the trainer into the state of the newest checkpoint that is sound.
   *
   * @return the metrics of the epochs done until then; empty if there is no sound checkpoint
   */
  List<EpochMetrics> restore(Trainer trainer) {
    for (Path file : list()) {
      Optional<List<EpochMetrics>> metrics = restore(trainer, file);
      if (metrics.isPresent()) {
        saveMetrics(metrics.get());
        return metrics.get();
      }
    }
    return new ArrayList<>();
  }

  private Optional<List<EpochMetrics>> restore(Trainer trainer, Path file) {
    try (PointerScope scope = new PointerScope();
        SafeTensors checkpoint = SafeTensors.read(file)) {
      Map<String, String> metadata = checkpoint.metadata();
      if (!FORMAT.equals(metadata.get("format"))) {
        throw new InputException(file + " is not of the format '" + FORMAT + "'");
      }
      if (!config.equals(metadata.get("config"))) {
        throw new InputException(file + " belongs to a run of another configuration");
      }
      List<EpochMetrics> metrics = MetricsCsv.parse(metadata.getOrDefault("metrics", ""));
      if (!Integer.toString(metrics.size()).equals(metadata.get("epochs_done"))) {
        throw new InputException(file + " has metrics of another number of epochs than it says");
      }
      trainer.restore(checkpoint.tensors(), metrics.size());
      LOG.info("going on from {}, after {} epochs", file, metrics.size());
      return Optional.of(metrics);
    } catch (InputException | IOException e) {
      LOG.warn("passing over a checkpoint: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private List<Path> list() {
    try {
      return checkpoints(directory);
    } catch (IOException e) {
      throw new InputException("cannot read " + directory + ": " + e.getMessage(), e);
    }
  }

  /** Newest first. */
  private static List<Path> checkpoints(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(f -> f.getFileName().toString().matches("checkpoint-\\d{6,}\\.safetensors"))
          .sorted(Comparator.comparing((Path f) -> f.getFileName().toString()).reversed())
          .toList();
    }
  }

  private static InputException unwritable(Path directory, IOException e) {
    return new InputException("cannot write to " + directory + ": " + e, e);
  }
}
