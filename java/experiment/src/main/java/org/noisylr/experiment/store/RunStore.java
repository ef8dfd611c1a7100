package org.noisylr.experiment.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.InUseException;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunFormat;
import org.noisylr.train.run.StoppedException;

/**
 * A folder of runs, one folder each in {@code runs/}, named by what is trained: the hash of the
 * run's configuration without device and threads, which say where. A finished run is never done
 * again; one that was killed or stopped goes on from its newest checkpoint, on the device and with
 * the threads that it began with. Checkpoints are deleted when a run is finished. Any number of
 * processes and machines may work on one store.
 */
public final class RunStore {
  private static final String FAILURE = "failure.txt";
  private static final int KEY_LENGTH = 16;

  private final Path root;
  private String openName;
  private Dataset open;

  /** The store in {@code root}, which need not exist. */
  public RunStore(Path root) {
    this.root = root;
  }

  /** How it went with a run. */
  public enum Status {
    /** Trained to its end. */
    DONE,
    /** Another process had finished it. */
    DONE_ELSEWHERE,
    /** Broke off with an error. */
    FAILED,
    /** Another process is doing it. */
    IN_USE,
    /** Was asked to stop, and is saved. */
    STOPPED
  }

  /**
   * The end of a run.
   *
   * @param message what went wrong, or how far it was; empty if nothing did
   */
  public record Outcome(Status status, String message) {}

  /** The name of a run in the store. */
  public static String key(RunConfig config) {
    RunConfig what =
        new RunConfig(
            config.data(),
            config.subset(),
            config.testSubset(),
            config.model(),
            config.backbone(),
            "",
            1,
            config.training());
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(RunFormat.toLine(what).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, KEY_LENGTH);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  public Path root() {
    return root;
  }

  public Path folder(String key) {
    return root.resolve("runs").resolve(key);
  }

  /**
   * A finished run; empty if it is not finished.
   *
   * @throws InputException if it is damaged
   */
  public Optional<Run> finished(String key) {
    try {
      return Run.read(folder(key));
    } catch (InputException e) {
      throw new InputException(
          "%s; delete %s, and that run is done again".formatted(e.getMessage(), folder(key)), e);
    }
  }

  /** How a run is, or was, trained; empty if it has not begun. */
  public Optional<RunConfig> config(String key) {
    return Run.readConfig(folder(key));
  }

  /** What went wrong when the run was last tried; empty if nothing did. */
  public Optional<String> failure(String key) {
    Path file = folder(key).resolve(FAILURE);
    try {
      return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    } catch (IOException e) {
      throw new InputException("cannot read " + file + ": " + Reason.of(e, file), e);
    }
  }

  /**
   * Trains a run to its end, from where it is, or until {@code stop}; one that is finished stays as
   * it is.
   */
  public Outcome execute(RunConfig planned, List<TrainingListener> listeners, StopSignal stop) {
    String key = key(planned);
    Path folder = folder(key);
    try {
      if (finished(key).isPresent()) {
        tidy(key);
        return new Outcome(Status.DONE_ELSEWHERE, "");
      }
      RunConfig config = Run.readConfig(folder).orElse(planned);
      checkDevice(config, folder);
      AtomicInteger epochs = new AtomicInteger();
      List<TrainingListener> all = new ArrayList<>(listeners);
      all.add(
          new TrainingListener() {
            @Override
            public void onEpoch(EpochMetrics metrics, double seconds) {
              epochs.incrementAndGet();
            }
          });
      Run.execute(config, data(config.data()), folder, true, all, stop);
      tidy(key);
      // Another process may have finished it while the data were read.
      return new Outcome(epochs.get() > 0 ? Status.DONE : Status.DONE_ELSEWHERE, "");
    } catch (InUseException e) {
      return new Outcome(Status.IN_USE, e.getMessage());
    } catch (StoppedException e) {
      return new Outcome(Status.STOPPED, e.getMessage());
    } catch (RuntimeException | OutOfMemoryError e) {
      return failed(key, Reason.firstLine(e));
    }
  }

  /** Deletes what a finished run no longer needs. */
  public void tidy(String key) {
    Path folder = folder(key);
    Run.deleteCheckpoints(folder);
    try {
      Files.deleteIfExists(folder.resolve(FAILURE));
    } catch (IOException e) {
      throw new InputException("cannot write to " + folder + ": " + Reason.of(e, folder), e);
    }
  }

  private static void checkDevice(RunConfig config, Path folder) {
    try {
      Devices.of(config.device());
    } catch (InputException e) {
      throw new InputException(
          "%s; to begin this run anew elsewhere, delete %s".formatted(e.getMessage(), folder), e);
    }
  }

  /** Keeps the reason for which a run failed. */
  public Outcome failed(String key, String reason) {
    Path folder = folder(key);
    String message = reason;
    try {
      Files.createDirectories(folder);
      AtomicFile.write(folder.resolve(FAILURE), message + "\n");
    } catch (IOException unwritable) {
      message +=
          "; and this could not be written to " + folder + ": " + Reason.of(unwritable, folder);
    }
    return new Outcome(Status.FAILED, message);
  }

  /** One dataset stays open, for runs on the same data follow each other. */
  private Dataset data(String name) {
    if (!name.equals(openName)) {
      open = null;
      open = Datasets.open(name);
      openName = name;
    }
    return open;
  }
}
