package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** Extends a run by more epochs. */
public final class Extension {
  private Extension() {}

  /**
   * Gives a run more epochs. Its configuration takes another number of epochs, schedule and window
   * of the noise; the run then resumes from its newest checkpoint. If this method is interrupted,
   * the run can resume with the old or the new number.
   *
   * @param config the run's configuration with more epochs
   * @return {@code config}
   * @throws InputException if the directory holds no run or one with another configuration, if the
   *     run has no intact checkpoint, or if it ended early
   */
  public static RunConfig extend(Path directory, RunConfig config) {
    RunConfig stored =
        RunDirectory.readConfig(directory)
            .orElseThrow(() -> new InputException(directory + " has no run to extend"));
    if (!config.isExtensionOf(RunFormat.toYaml(stored))) {
      throw stored.differsFrom(config, directory);
    }
    RunFiles files = new RunFiles(directory);
    if (stored.selection().isOver(files.metrics())) {
      throw new InputException(
          "%s holds a run that ended early, after %d epochs without a better score"
              .formatted(directory, stored.selection().earlyStop()));
    }
    try (DirectoryLock lock = DirectoryLock.of(directory)) {
      if (!new Checkpoints(directory, stored, null).belongToRun()) {
        throw new InputException(directory + " has no intact checkpoint to continue from");
      }
      Files.deleteIfExists(files.path(RunFiles.RESULT));
      files.write(RunFiles.CONFIG, RunFormat.toYaml(config.withProcesses(stored.processes())));
      return config;
    } catch (IOException e) {
      throw Reason.unwritable(directory, e);
    }
  }
}
