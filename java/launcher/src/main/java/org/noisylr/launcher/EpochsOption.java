package org.noisylr.launcher;

import org.noisylr.check.Check;
import picocli.CommandLine.Option;

/** The option for the length of a run. */
final class EpochsOption {
  @Option(names = "--epochs", paramLabel = "S", defaultValue = "200")
  private int epochs;

  int epochs() {
    return (int) Check.atLeast("--epochs", epochs, 1);
  }
}
