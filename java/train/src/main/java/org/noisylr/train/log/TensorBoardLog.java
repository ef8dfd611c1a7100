package org.noisylr.train.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.Timing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the scalars of each epoch to an event file for TensorBoard, in the folder {@code
 * tensorboard} of a run. The step of an event is the zero-based number of the epoch's last
 * optimizer step, the column {@code step} of {@code metrics.csv}. Tags: {@code loss/train}, {@code
 * loss/test}, {@code score/train}, {@code score/test}, with validation examples {@code
 * loss/validation} and {@code score/validation}, {@code learning_rate/base}, {@code
 * learning_rate/realised}, {@code learning_rate/factor} and {@code time/epoch_seconds}.
 *
 * <p>A start replaces the file with one of the epochs in {@code metrics.csv}, so that a resumed run
 * has each step once, whatever a killed process left. The wall times of those epochs are computed
 * from {@code timing.csv}.
 *
 * <p>The log belongs to the process and not to the configuration of a run, because no result
 * depends on it; the folder tells a resumed run to continue it.
 */
public final class TensorBoardLog implements TrainingListener {
  private static final String FOLDER = "tensorboard";
  private static final String PREFIX = "events.out.tfevents.";
  private static final String SUFFIX = ".noisylr";
  private static final Logger LOG = LoggerFactory.getLogger(TensorBoardLog.class);

  private final Path run;
  private Path file;

  /**
   * @param run the folder of the run
   */
  public TensorBoardLog(Path run) {
    this.run = run;
  }

  /** Returns whether a run has such a log. */
  public static boolean exists(Path run) {
    return Files.isDirectory(run.resolve(FOLDER));
  }

  /**
   * Writes the events of the completed epochs.
   *
   * @throws InputException if the folder cannot be written to
   */
  @Override
  public void onStart() {
    Path folder = run.resolve(FOLDER);
    double now = now();
    file = folder.resolve(String.format(Locale.ROOT, "%s%010d%s", PREFIX, (long) now, SUFFIX));
    List<EpochMetrics> metrics = RunDirectory.readMetrics(run);
    Timing timing = RunDirectory.readTiming(run);
    double time = now - metrics.stream().mapToDouble(epoch -> seconds(timing, epoch)).sum();
    List<ByteBuffer> records = new ArrayList<>();
    records.add(EventFormat.header(time));
    records.add(EventFormat.start(time, 0));
    for (EpochMetrics epoch : metrics) {
      time += seconds(timing, epoch);
      records.add(record(time, epoch, timing.seconds(epoch.epoch())));
    }
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> before = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
        for (Path old : before) {
          Files.delete(old);
        }
      }
      AtomicFile.write(file, records);
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  /** Appends the events of an epoch. Warns if it cannot: no result depends on them. */
  @Override
  public void onEpoch(EpochMetrics metrics, double seconds) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.APPEND)) {
      ByteBuffer record = record(now(), metrics, OptionalDouble.of(seconds));
      while (record.hasRemaining()) {
        channel.write(record);
      }
    } catch (IOException e) {
      LOG.warn("cannot write to {}: {}", file, Reason.of(e, file));
    }
  }

  private static double now() {
    return System.currentTimeMillis() * 1e-3;
  }

  private static double seconds(Timing timing, EpochMetrics epoch) {
    return timing.seconds(epoch.epoch()).orElse(0);
  }

  private static ByteBuffer record(double wallTime, EpochMetrics m, OptionalDouble seconds) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("loss/train", m.trainLoss());
    scalars.put("loss/test", m.testLoss());
    scalars.put("score/train", m.trainAcc());
    scalars.put("score/test", m.testAcc());
    if (m.validationAcc() != null) {
      scalars.put("loss/validation", m.validationLoss());
      scalars.put("score/validation", m.validationAcc());
    }
    scalars.put("learning_rate/base", m.baseLr());
    scalars.put("learning_rate/realised", m.lr());
    scalars.put("learning_rate/factor", m.factor());
    seconds.ifPresent(value -> scalars.put("time/epoch_seconds", value));
    return EventFormat.scalars(wallTime, m.step(), scalars);
  }
}
