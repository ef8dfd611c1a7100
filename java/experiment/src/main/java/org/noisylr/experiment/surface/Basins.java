package org.noisylr.experiment.surface;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.noisylr.check.InputException;
import org.noisylr.experiment.statistics.Share;
import org.noisylr.noise.NoiseSpec;

/**
 * Measures how often optimizers end in the basin of the global minimum. A point is in the basin if
 * descent without noise at a small rate reaches the minimum from it.
 */
final class Basins {
  static final int STEPS = 500;
  private static final int DESCENT_STEPS = 3000;
  private static final double SMALL = 0.25;
  private static final double NEAR = 0.1;
  private static final int GRID = 401;

  private Basins() {}

  /** Without noise, without noise at the mean rate of the noise, and with noise. */
  enum Arm {
    PLAIN,
    AMPLIFIED,
    NOISY
  }

  /**
   * The shares of one algorithm on one surface.
   *
   * @param shares by arm
   */
  record Row(Surface surface, Algorithm algorithm, Map<Arm, Share> shares) {}

  /**
   * Returns the global minimum within the box, as x and y.
   *
   * @throws InputException if descent does not settle in it
   */
  static double[] minimum(Surface surface) {
    double[] grid = surface.box().grid(GRID);
    double[] heights = Trajectories.heights(surface, grid);
    int lowest = 0;
    for (int i = 1; i < heights.length; i++) {
      lowest = heights[i] < heights[lowest] ? i : lowest;
    }
    double[] minimum = descend(surface, new double[] {grid[2 * lowest], grid[2 * lowest + 1]});
    if (!(Trajectories.heights(surface, minimum)[0] <= heights[lowest])) {
      throw new InputException(
          "the minimum of %s cannot be found: descent from (%s, %s) goes up"
              .formatted(surface.formula(), grid[2 * lowest], grid[2 * lowest + 1]));
    }
    return minimum;
  }

  /** Returns the ends of descents without noise at a small rate. */
  static double[] descend(Surface surface, double[] places) {
    return Trajectories.follow(
            surface,
            Algorithm.SGD,
            SMALL * surface.rate(Algorithm.SGD),
            NoiseSpec.none(),
            places,
            DESCENT_STEPS,
            DESCENT_STEPS)
        .ends();
  }

  /**
   * Measures the multimodal surfaces.
   *
   * @param noise noise of the noisy arm
   * @param starts number of starts, uniform in the surface's box, each with its own draws
   */
  static List<Row> measure(List<Surface> surfaces, NoiseSpec noise, int starts) {
    List<Row> rows = new ArrayList<>();
    for (Surface surface : surfaces) {
      if (!surface.multimodal()) {
        continue;
      }
      double[] minimum = minimum(surface);
      double[] places = surface.box().random(starts, noise.seed());
      List<double[]> ends = new ArrayList<>();
      for (Algorithm algorithm : Algorithm.values()) {
        for (Arm arm : Arm.values()) {
          double rate = surface.rate(algorithm) * (arm == Arm.AMPLIFIED ? noise.mean() : 1);
          NoiseSpec used = arm == Arm.NOISY ? noise : NoiseSpec.none();
          ends.add(
              Trajectories.follow(surface, algorithm, rate, used, places, STEPS, STEPS).ends());
        }
      }
      // One descent for all ends: a step takes the same time for few points as for many.
      double[] bottoms = descend(surface, ends.stream().flatMapToDouble(Arrays::stream).toArray());
      int at = 0;
      for (Algorithm algorithm : Algorithm.values()) {
        Map<Arm, Share> shares = new LinkedHashMap<>();
        for (Arm arm : Arm.values()) {
          shares.put(arm, near(Arrays.copyOfRange(bottoms, at, at += places.length), minimum));
        }
        rows.add(new Row(surface, algorithm, shares));
      }
    }
    return rows;
  }

  /** Returns the share of points near the minimum. A path that diverged to NaN is not near it. */
  static Share near(double[] places, double[] minimum) {
    int hits = 0;
    for (int i = 0; i < places.length; i += 2) {
      double distance = Math.hypot(places[i] - minimum[0], places[i + 1] - minimum[1]);
      hits += distance < NEAR ? 1 : 0;
    }
    return new Share(hits, places.length / 2);
  }
}
