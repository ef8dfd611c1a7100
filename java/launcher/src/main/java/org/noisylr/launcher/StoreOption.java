package org.noisylr.launcher;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option for the store of experiments. */
final class StoreOption {
  @Option(names = "--out", paramLabel = "DIR", defaultValue = "runs/experiments")
  private Path folder;

  Path folder() {
    return folder;
  }
}
