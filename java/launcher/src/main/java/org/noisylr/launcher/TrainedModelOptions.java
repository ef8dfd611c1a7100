package org.noisylr.launcher;

import java.nio.file.Path;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.TrainedModel;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options that choose a trained model. */
final class TrainedModelOptions {
  @Parameters(paramLabel = "DIR", index = "0", descriptionKey = "run")
  private Path run;

  private static final String BEST = "best";

  @Option(names = "--checkpoint", paramLabel = "best|last|FILE", defaultValue = BEST)
  private String checkpoint;

  /** Returns the folder of the run. */
  Path run() {
    return run;
  }

  /** Returns the name of the checkpoint, without the folder and the extension of a file. */
  String checkpoint() {
    return Path.of(checkpoint).getFileName().toString().replaceFirst("\\.\\w+$", "");
  }

  /** Returns whether the checkpoint is that of the best epoch. */
  boolean isBest() {
    return checkpoint.equals(BEST);
  }

  /** Opens the model; owned by the caller. */
  TrainedModel open(String deviceName) {
    return switch (checkpoint) {
      case BEST -> RunDirectory.openBest(run, Devices.of(deviceName));
      case "last" -> RunDirectory.openLast(run, Devices.of(deviceName));
      default -> TrainedModel.read(Path.of(checkpoint), run, Devices.of(deviceName));
    };
  }
}
