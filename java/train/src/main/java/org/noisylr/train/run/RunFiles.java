package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files in a run's directory, except checkpoints. */
final class RunFiles {
  private static final Logger LOG = LoggerFactory.getLogger(RunFiles.class);

  static final String CONFIG = "config.yaml";
  static final String METRICS = "metrics.csv";
  static final String TIMING = "timing.csv";
  static final String RESULT = "result.json";

  /** The weights after the epoch with the best score, a {@link TrainedModel}. */
  static final String BEST = "best.safetensors";

  /** A copy of the model's file, if the model is a {@link ScriptFile}. */
  static final String MODEL = "model.pt";

  /** One entry for each start. */
  static final String ENVIRONMENT = "environment.yaml";

  private static final List<String> NAMES =
      List.of(CONFIG, METRICS, TIMING, RESULT, BEST, MODEL, ENVIRONMENT);
  private static final int MAX_BYTES = 1 << 26;

  private final Path directory;

  RunFiles(Path directory) {
    this.directory = directory;
  }

  static boolean isName(String name) {
    return NAMES.contains(name);
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  boolean exists(String name) {
    return Files.exists(path(name));
  }

  boolean existAny() {
    return NAMES.stream().anyMatch(this::exists);
  }

  /** Adds a start's environment. Replaces a damaged file. */
  void addStart(Map<String, String> environment) throws IOException {
    List<Map<String, String>> starts = new ArrayList<>(starts());
    starts.add(environment);
    AtomicFile.write(path(ENVIRONMENT), RunFormat.startsToYaml(starts));
  }

  void write(String name, String text) throws IOException {
    AtomicFile.write(path(name), text);
  }

  /**
   * Reads and parses a file.
   *
   * @param parser throws an {@link InputException} whose message starts with {@code not}
   * @throws InputException if the file cannot be read or parsed; the message names it
   */
  <T> T read(String name, Function<String, T> parser) {
    return read(path(name), parser);
  }

  /** Reads and parses a file of any name, see {@link #read(String, Function)}. */
  static <T> T read(Path file, Function<String, T> parser) {
    String text = text(file);
    try {
      return parser.apply(text);
    } catch (InputException e) {
      throw new InputException(file + " is " + e.getMessage(), e);
    }
  }

  private static String text(Path file) {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
        throw new InputException(
            "%s must be a regular file of at most %d bytes".formatted(file, MAX_BYTES));
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /** Reads the configuration; empty if there is no such file. */
  Optional<RunConfig> config() {
    return exists(CONFIG) ? Optional.of(read(CONFIG, RunFormat::fromYaml)) : Optional.empty();
  }

  /** Reads the metrics; empty if there is no such file. */
  List<EpochMetrics> metrics() {
    return exists(METRICS) ? read(METRICS, MetricsCsv::parse) : List.of();
  }

  /** Reads the times. Ignores a damaged file, because no result depends on it. */
  Timing timing() {
    try {
      return exists(TIMING) ? read(TIMING, Timing::parse) : new Timing();
    } catch (InputException e) {
      LOG.warn("ignoring the times of earlier epochs: {}", e.getMessage());
      return new Timing();
    }
  }

  /** Reads the environments of the run's starts. Ignores a damaged file. */
  List<Map<String, String>> starts() {
    try {
      return exists(ENVIRONMENT)
          ? List.copyOf(read(ENVIRONMENT, RunFormat::startsFromYaml))
          : List.of();
    } catch (InputException e) {
      LOG.warn("ignoring the environment of a run: {}", e.getMessage());
      return List.of();
    }
  }

  /** Reads the run; empty if it is not finished. Its result is written last. */
  Optional<Run> finishedRun() {
    if (!exists(RESULT)) {
      return Optional.empty();
    }
    RunResult result = read(RESULT, RunFormat::fromJson);
    List<EpochMetrics> metrics = read(METRICS, MetricsCsv::parse);
    if (metrics.isEmpty()
        || !result.equals(RunResult.of(result.metric(), metrics, result.parameters()))) {
      throw new InputException("%s does not match %s".formatted(path(RESULT), path(METRICS)));
    }
    Optional<RunConfig> config = config();
    if (config.isPresent()
        && config.get().training().epochs() != result.epochs()
        && !config.get().selection().isOver(metrics)) {
      throw new InputException(
          "%s must have %d epochs like %s, but has %d"
              .formatted(
                  path(RESULT),
                  config.get().training().epochs(),
                  path(CONFIG).getFileName(),
                  result.epochs()));
    }
    return Optional.of(new Run(metrics, result, timing()));
  }
}
