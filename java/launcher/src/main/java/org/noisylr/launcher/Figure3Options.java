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

  @Option(
      names = "--alpha",
      paramLabel = "A",
      defaultValue = "8",
      description = "The noise is A * U(0,1), drawn in each step; default ${DEFAULT-VALUE}.")
  private double alpha;

  @Option(
      names = "--well-a",
      paramLabel = "A",
      defaultValue = "3",
      description = "Depth of the well at (-1, 0); default ${DEFAULT-VALUE}.")
  private double a;

  @Option(
      names = "--well-b",
      paramLabel = "B",
      defaultValue = "2",
      description = "Depth of the well at (1, 0); default ${DEFAULT-VALUE}.")
  private double b;

  @Option(
      names = "--well-d",
      paramLabel = "D",
      defaultValue = "0.5",
      description = "Width of both wells; default ${DEFAULT-VALUE}.")
  private double d;

  @Option(
      names = "--starts",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Number of starts for the table of basins; default ${DEFAULT-VALUE}.")
  private int starts;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Seed of starts and noise; default ${DEFAULT-VALUE}.")
  private long seed;

  Figure3 figure() {
    return Options.named(
        OPTION_OF_FIELD, () -> new Figure3(Surfaces.twoWells(a, b, d), alpha, starts, seed));
  }
}
