package org.noisylr.launcher;

import java.util.Map;
import java.util.Set;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.surface.Surfaces;
import picocli.CommandLine.Option;

/** The options for figure 3. */
final class Figure3Options {
  static final Set<String> NAMES =
      Set.of("--alpha", "--well-a", "--well-b", "--well-d", "--starts", "--seed");

  private static final Map<String, String> OPTION_OF_FIELD =
      Map.of(
          "a", "--well-a",
          "b", "--well-b",
          "d", "--well-d",
          "alpha", "--alpha",
          "starts", "--starts");

  @Option(names = "--alpha", paramLabel = "A", defaultValue = "8")
  private double alpha;

  @Option(names = "--well-a", paramLabel = "A", defaultValue = "3")
  private double a;

  @Option(names = "--well-b", paramLabel = "B", defaultValue = "2")
  private double b;

  @Option(names = "--well-d", paramLabel = "D", defaultValue = "0.5")
  private double d;

  @Option(names = "--starts", paramLabel = "N", defaultValue = "1000")
  private int starts;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1")
  private long seed;

  Figure3 figure() {
    return Options.named(
        OPTION_OF_FIELD, () -> new Figure3(Surfaces.twoWells(a, b, d), alpha, starts, seed));
  }
}
