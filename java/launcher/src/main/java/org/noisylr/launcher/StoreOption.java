package org.noisylr.launcher;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option for the store of experiments. */
final class StoreOption {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/experiments",
      description = "The store of runs and reports; default ${DEFAULT-VALUE}.")
  private Path folder;

  Path folder() {
    return folder;
  }
}
