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

  @Option(names = "--alpha", paramLabel = "A")
  private double alpha = 8;

  @Option(names = "--well-a", paramLabel = "A")
  private double a = 3;

  @Option(names = "--well-b", paramLabel = "B")
  private double b = 2;

  @Option(names = "--well-d", paramLabel = "D")
  private double d = 0.5;

  @Option(names = "--starts", paramLabel = "N")
  private int starts = 1000;

  @Option(names = "--seed", paramLabel = "S")
  private long seed = 1;

  Figure3 figure(boolean titled) {
    return Options.named(
        OPTION_OF_FIELD,
        () -> new Figure3(Surfaces.twoWells(a, b, d), alpha, starts, seed, titled));
  }
}
