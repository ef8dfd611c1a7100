package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** More epochs for a run. */
public final class Extension {
  private Extension() {}

  /**
   * Gives a run more epochs. The checkpoints and the configuration take another number of epochs,
   * schedule and window of the noise. The run then resumes from its newest checkpoint. If this
   * method is interrupted, the same call completes it.
   *
   * @param config the run's configuration with more epochs
   * @return {@code config}
   * @throws InputException if the directory holds no run, or one with another configuration
   */
  public static RunConfig extend(Path directory, RunConfig config) {
    RunConfig stored =
        RunDirectory.readConfig(directory)
            .orElseThrow(() -> new InputException(directory + " has no run to extend"));
    String difference =
        RunFormat.difference(
            RunFormat.toYaml(stored), RunFormat.toYaml(config.withLengthOf(stored)));
    if (!difference.isEmpty()) {
      throw new InputException(
          "%s holds a run with another configuration: %s".formatted(directory, difference));
    }
    String yaml = RunFormat.toYaml(config.withProcesses(stored.processes()));
    try (DirectoryLock lock = DirectoryLock.of(directory)) {
      new Checkpoints(directory, RunFormat.toYaml(stored)).reassign(yaml);
      RunFiles files = new RunFiles(directory);
      Files.deleteIfExists(files.path(RunFiles.RESULT));
      files.write(RunFiles.CONFIG, yaml);
      return config;
    } catch (IOException e) {
      throw Reason.unwritable(directory, e);
    }
  }
}
