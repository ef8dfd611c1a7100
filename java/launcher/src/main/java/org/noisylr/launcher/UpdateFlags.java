package org.noisylr.launcher;

import java.util.Map;
import org.noisylr.train.loop.UpdateOptions;
import picocli.CommandLine.Option;

/** The options for how gradients become an update of the weights. */
final class UpdateFlags {
  @Option(names = "--accumulate", paramLabel = "N", defaultValue = "1")
  private int accumulate;

  @Option(names = "--clip-norm", paramLabel = "X")
  private Double clipNorm;

  @Option(names = "--label-smoothing", paramLabel = "X", defaultValue = "0")
  private double labelSmoothing;

  @Option(names = "--ema", paramLabel = "DECAY")
  private Double ema;

  UpdateOptions update() {
    return Options.named(
        Map.of(
            "accumulate", "--accumulate",
            "clip norm", "--clip-norm",
            "label smoothing", "--label-smoothing",
            "ema", "--ema"),
        () -> new UpdateOptions(accumulate, clipNorm, labelSmoothing, ema));
  }
}
