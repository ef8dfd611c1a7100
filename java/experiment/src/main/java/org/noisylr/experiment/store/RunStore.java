package org.noisylr.experiment.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.checkpoint.Digest;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.InUseException;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunFormat;
import org.noisylr.train.run.StoppedException;

/**
 * A folder of runs. Each has a folder of its own in {@code runs/}, named by its key: a hash of what
 * it trains, which is its configuration without device and threads.
 *
 * <p>A finished run is never repeated. A run that was killed or stopped resumes from its newest
 * checkpoint, on the device and with the threads that it started with. A finished run keeps no
 * checkpoints. Any number of processes and machines may use one store at the same time.
 */
public final class RunStore {
  /** The folder of the runs in the store. */
  public static final String RUNS = "runs";

  private static final String FAILURE = "failure.txt";
  private static final int KEY_LENGTH = 16;

  private final Path root;
  private String openName;
  private Dataset open;

  /** Creates the store in {@code root}, which need not exist. */
  public RunStore(Path root) {
    this.root = root;
  }

  /** How the execution of a run ended. */
  public enum Status {
    /** It was trained to its end. */
    DONE,
    /** Another process had finished it. */
    DONE_ELSEWHERE,
    /** It ended with an error. */
    FAILED,
    /** Another process is training it. */
    IN_USE,
    /** It was stopped and saved. */
    STOPPED
  }

  /**
   * The end of an execution.
   *
   * @param message what went wrong, or how far a stopped run is; empty otherwise
   */
  public record Outcome(Status status, String message) {}

  /** Returns the key of a run: 16 hexadecimal digits. */
  public static String key(RunConfig config) {
    RunConfig trained =
        new RunConfig(
            config.data(),
            config.resize(),
            config.subset(),
            config.testSubset(),
            config.model(),
            config.backbone(),
            "",
            1,
            config.processes(),
            false,
            config.training(),
            config.selection());
    return hash(trained);
  }

  /** Returns a hash of a whole configuration: 16 hexadecimal digits. */
  public static String hash(RunConfig config) {
    byte[] text = RunFormat.toLine(config).getBytes(StandardCharsets.UTF_8);
    byte[] digest = Digest.of("SHA-256").digest(text);
    return HexFormat.of().formatHex(digest).substring(0, KEY_LENGTH);
  }

  /** Returns the folder of the store. */
  public Path root() {
    return root;
  }

  /** Returns the folder of a run. */
  public Path folder(String key) {
    return root.resolve(RUNS).resolve(key);
  }

  /**
   * Returns a finished run; empty if it is not finished.
   *
   * @throws InputException if it is damaged
   */
  public Optional<Run> finished(String key) {
    try {
      return RunDirectory.readFinished(folder(key));
    } catch (InputException e) {
      throw new InputException(
          "%s; delete %s to train that run again".formatted(e.getMessage(), folder(key)), e);
    }
  }

  /** Returns the configuration of a run, finished or not; empty if it has not started. */
  public Optional<RunConfig> config(String key) {
    return RunDirectory.readConfig(folder(key));
  }

  /** Returns why the last execution of a run failed; empty if it did not. */
  public Optional<String> failure(String key) {
    Path file = folder(key).resolve(FAILURE);
    try {
      return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /**
   * Trains a run to its end or until {@code stop}. Resumes a run that has started, and leaves a
   * finished run unchanged. Errors are returned, not thrown.
   */
  public Outcome execute(RunConfig planned, List<TrainingListener> listeners, StopSignal stop) {
    String key = key(planned);
    Path folder = folder(key);
    try {
      if (finished(key).isPresent()) {
        cleanUp(key);
        return new Outcome(Status.DONE_ELSEWHERE, "");
      }
      RunConfig config = config(key).orElse(planned);
      checkDevice(config, folder);
      AtomicBoolean trained = new AtomicBoolean();
      List<TrainingListener> all = new ArrayList<>(listeners);
      all.add(
          new TrainingListener() {
            @Override
            public void onStart() {
              trained.set(true);
              deleteFailure(folder);
            }
          });
      Run.execute(config, data(config), folder, true, all, stop);
      cleanUp(key);
      // Another process may have finished it while this one read the data.
      return new Outcome(trained.get() ? Status.DONE : Status.DONE_ELSEWHERE, "");
    } catch (InUseException e) {
      return new Outcome(Status.IN_USE, e.getMessage());
    } catch (StoppedException e) {
      return new Outcome(Status.STOPPED, e.getMessage());
    } catch (RuntimeException | OutOfMemoryError e) {
      return fail(key, Reason.firstLine(e));
    }
  }

  /** Deletes the files that a finished run no longer needs. */
  public void cleanUp(String key) {
    Path folder = folder(key);
    RunDirectory.deleteCheckpoints(folder);
    deleteFailure(folder);
  }

  private static void deleteFailure(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(FAILURE));
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  private static void checkDevice(RunConfig config, Path folder) {
    try {
      Devices.of(config.device());
    } catch (InputException e) {
      throw new InputException(
          "%s; delete %s to start this run again on another device"
              .formatted(e.getMessage(), folder),
          e);
    }
  }

  /** Stores the reason why a run failed. */
  public Outcome fail(String key, String reason) {
    Path folder = folder(key);
    try {
      Files.createDirectories(folder);
      AtomicFile.write(folder.resolve(FAILURE), reason + "\n");
      return new Outcome(Status.FAILED, reason);
    } catch (IOException e) {
      return new Outcome(Status.FAILED, reason + "; " + Reason.unwritable(folder, e).getMessage());
    }
  }

  /** Keeps the dataset of the last run open, because runs on the same data follow each other. */
  private Dataset data(RunConfig config) {
    String name = config.data() + "|" + config.resize();
    if (!name.equals(openName)) {
      // Frees the memory of the last dataset before the next one is read.
      open = null;
      openName = null;
      open = Datasets.open(config.data(), config.resize());
      openName = name;
    }
    return open;
  }
}
