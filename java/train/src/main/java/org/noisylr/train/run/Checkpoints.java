package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints in a run's directory: {@code checkpoint-EPOCHS.safetensors} or, of a run that was
 * stopped within an epoch, {@code checkpoint-EPOCHS-STEPS.safetensors}. Each holds the tensors, the
 * configuration and the metrics so far, which is all that a run needs to resume.
 */
final class Checkpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
  private static final String FORMAT = "noisylr checkpoint 3";
  private static final String CONFIG = "config";
  private static final String EXAMPLES = "examples_sha256";
  private static final String NONE_GOOD = "there is no good checkpoint";
  private static final Pattern NAME =
      Pattern.compile("checkpoint-(\\d{6,9})(?:-(\\d{6,9}))?\\.safetensors");

  private final Path directory;
  private final RunConfig config;
  private final String examples;

  /**
   * @param examples the digest of the run's examples; null if it is unknown
   */
  Checkpoints(Path directory, RunConfig config, String examples) {
    this.directory = directory;
    this.config = config;
    this.examples = examples;
  }

  /**
   * One file.
   *
   * @param epochs completed epochs
   * @param steps completed steps of the next epoch
   */
  private record Checkpoint(Path file, int epochs, int steps) {
    static Optional<Checkpoint> of(Path file) {
      Matcher name = NAME.matcher(file.getFileName().toString());
      return name.matches()
          ? Optional.of(
              new Checkpoint(
                  file,
                  Integer.parseInt(name.group(1)),
                  name.group(2) == null ? 0 : Integer.parseInt(name.group(2))))
          : Optional.empty();
    }
  }

  /** The content of a file differs from what was written to it. */
  private static final class DamagedException extends Exception {
    DamagedException(String message, Exception cause) {
      super(message, cause);
    }
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  static boolean exist(Path directory) throws IOException {
    return !newestFirst(directory).isEmpty();
  }

  static void delete(Path directory) throws IOException {
    for (Checkpoint checkpoint : newestFirst(directory)) {
      Files.deleteIfExists(checkpoint.file);
    }
  }

  private static List<Checkpoint> newestFirst(Path directory) throws IOException {
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

  private Path file(int epochs, int steps) {
    String name = String.format(Locale.ROOT, "checkpoint-%06d", epochs);
    if (steps > 0) {
      name += String.format(Locale.ROOT, "-%06d", steps);
    }
    return directory.resolve(name + ".safetensors");
  }

  /** Writes the trainer's state. */
  void write(Trainer trainer, List<EpochMetrics> metrics) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("epochs_done", Integer.toString(metrics.size()));
    metadata.put("steps_done", Integer.toString(trainer.stepsDone()));
    metadata.put(CONFIG, RunFormat.toYaml(config));
    metadata.put(EXAMPLES, examples);
    metadata.put("metrics", MetricsCsv.format(metrics));
    try (PointerScope scope = new PointerScope()) {
      SafeTensors.write(file(metrics.size(), trainer.stepsDone()), trainer.state(), metadata);
    }
  }

  /**
   * Deletes all checkpoints but the newest and the one of the last epoch before it. Those of later
   * epochs are damaged, or the run would have resumed from them.
   *
   * @param epochs completed epochs
   * @param steps completed steps of the next epoch
   */
  void prune(int epochs, int steps) throws IOException {
    List<Path> kept = List.of(file(epochs, steps), file(steps == 0 ? epochs - 1 : epochs, 0));
    for (Checkpoint checkpoint : newestFirst(directory)) {
      if (!kept.contains(checkpoint.file)) {
        Files.deleteIfExists(checkpoint.file);
      }
    }
  }

  /**
   * Opens the model after the last completed epoch.
   *
   * @param info of another epoch of the run
   * @throws InputException if there is no readable checkpoint between epochs
   */
  static TrainedModel open(Path directory, ModelInfo info, Device device) throws IOException {
    for (Checkpoint checkpoint : newestFirst(directory)) {
      if (checkpoint.steps > 0) {
        continue;
      }
      try (SafeTensors content = read(checkpoint.file)) {
        List<EpochMetrics> metrics =
            MetricsCsv.parse(content.metadata().getOrDefault("metrics", ""));
        EpochMetrics last = metrics.get(metrics.size() - 1);
        return TrainedModel.of(
            checkpoint.file,
            Trainer.weightsOf(content.tensors()),
            info.after(last.epoch() + 1, last.testAcc()),
            directory,
            device);
      } catch (DamagedException e) {
        LOG.warn("skipping a damaged checkpoint: {}", e.getMessage());
      }
    }
    throw new InputException(directory + " has no readable checkpoint of a completed epoch");
  }

  /** Names the newest good checkpoint, for an error message. */
  String newestGood() {
    try {
      return newestGood(newestFirst(directory))
          .map(good -> "the newest good checkpoint is " + good)
          .orElse(NONE_GOOD);
    } catch (IOException e) {
      return NONE_GOOD;
    }
  }

  private Optional<Path> newestGood(List<Checkpoint> checkpoints) {
    for (Checkpoint checkpoint : checkpoints) {
      try (SafeTensors content = SafeTensors.read(checkpoint.file)) {
        checkOrigin(content.metadata());
        return Optional.of(checkpoint.file);
      } catch (InputException | IOException e) {
        // An older one may be good.
      }
    }
    return Optional.empty();
  }

  /**
   * Checks that the newest undamaged checkpoint belongs to this run.
   *
   * @return whether there is one
   * @throws InputException if it belongs to another run
   */
  boolean belongToRun() throws IOException {
    for (Checkpoint checkpoint : newestFirst(directory)) {
      try (PointerScope scope = new PointerScope();
          SafeTensors content = read(checkpoint.file)) {
        checkOrigin(content.metadata());
        return true;
      } catch (DamagedException e) {
        // An older one may be undamaged.
      } catch (InputException e) {
        throw in(checkpoint.file, e);
      }
    }
    return false;
  }

  /**
   * Puts the trainer into the state of the newest checkpoint. Skips damaged ones with a warning.
   *
   * @return the metrics up to the checkpoint; empty if there is no checkpoint
   * @throws InputException if all checkpoints are damaged, or the newest undamaged one belongs to
   *     another version, configuration or model
   */
  Optional<List<EpochMetrics>> restore(Trainer trainer) throws IOException {
    List<Checkpoint> checkpoints = newestFirst(directory);
    String damage = null;
    for (int i = 0; i < checkpoints.size(); i++) {
      Path file = checkpoints.get(i).file;
      try (PointerScope scope = new PointerScope();
          SafeTensors content = read(file)) {
        List<EpochMetrics> metrics = restore(trainer, file, content);
        LOG.info("resuming from {}", file);
        return Optional.of(metrics);
      } catch (DamagedException e) {
        LOG.warn("skipping a damaged checkpoint: {}", e.getMessage());
        damage = damage == null ? e.getMessage() : damage;
      } catch (InputException e) {
        String remedy =
            newestGood(checkpoints.subList(i + 1, checkpoints.size()))
                .map(good -> "delete it to resume from the newest good checkpoint, " + good)
                .orElse(NONE_GOOD);
        throw new InputException(e.getMessage() + "; " + remedy, e);
      }
    }
    if (damage != null) {
      throw new InputException(
          "%s, and %s; delete the folder %s to start again"
              .formatted(damage, NONE_GOOD, directory));
    }
    return Optional.empty();
  }

  private static SafeTensors read(Path file) throws DamagedException {
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
    try {
      checkOrigin(metadata);
      List<EpochMetrics> metrics = MetricsCsv.parse(metadata.getOrDefault("metrics", ""));
      if (integer(metadata, "epochs_done") != metrics.size()) {
        throw Check.invalid(
            "epochs_done",
            metadata.get("epochs_done"),
            metrics.size() + ", the number of epochs in its metrics");
      }
      trainer.restore(content.tensors(), metrics.size(), integer(metadata, "steps_done"));
      return metrics;
    } catch (InputException e) {
      throw in(file, e);
    }
  }

  private static InputException in(Path file, InputException e) {
    return new InputException(file + ": " + e.getMessage(), e);
  }

  private static int integer(Map<String, String> metadata, String name) {
    String value = Check.required(name, metadata.get(name));
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw Check.invalid(name, value, "an integer");
    }
  }

  private void checkOrigin(Map<String, String> metadata) {
    if (!FORMAT.equals(metadata.get("format"))) {
      throw Check.invalid("format", metadata.get("format"), "'" + FORMAT + "'");
    }
    String stored = metadata.getOrDefault(CONFIG, "");
    String difference = RunFormat.difference(stored, RunFormat.toYaml(config));
    if (!difference.isEmpty() && !config.isExtensionOf(stored)) {
      throw new InputException("it belongs to a run with another configuration: " + difference);
    }
    if (examples != null && !examples.equals(metadata.get(EXAMPLES))) {
      throw new InputException(
          "it belongs to a run on other examples than those that are now in " + config.data());
    }
  }
}
