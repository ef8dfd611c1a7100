package org.noisylr.experiment.surface;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.noisylr.check.InputException;
import org.noisylr.experiment.statistics.Share;
import org.noisylr.noise.NoiseSpec;

/**
 * How often optimizers end in the basin of the global minimum: from where a path ends, descent
 * without noise and with a small rate leads to that minimum.
 */
final class Basins {
  static final int STEPS = 500;
  private static final int DESCENT_STEPS = 3000;
  private static final double SMALL = 0.25;
  private static final double NEAR = 0.1;
  private static final int GRID = 401;

  private Basins() {}

  /** Without noise, without noise at the noise's mean rate, and with noise. */
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

  /** The place of the global minimum within the box, as x and y. */
  static double[] minimum(Surface surface) {
    Surface.Box box = surface.box();
    double[] grid = new double[2 * GRID * GRID];
    for (int i = 0; i < GRID * GRID; i++) {
      grid[2 * i] = box.lowX() + (box.highX() - box.lowX()) * (i % GRID) / (GRID - 1);
      grid[2 * i + 1] = box.lowY() + (box.highY() - box.lowY()) * (i / GRID) / (GRID - 1);
    }
    double[] heights = Paths.heights(surface, grid);
    int best = 0;
    for (int i = 1; i < heights.length; i++) {
      best = heights[i] < heights[best] ? i : best;
    }
    double[] minimum = descend(surface, new double[] {grid[2 * best], grid[2 * best + 1]});
    if (!(Paths.heights(surface, minimum)[0] <= heights[best])) {
      throw new InputException(
          "the minimum of %s cannot be found: descent from (%s, %s) leads upwards"
              .formatted(surface.formula(), grid[2 * best], grid[2 * best + 1]));
    }
    return minimum;
  }

  /** Where descent without noise leads to. */
  static double[] descend(Surface surface, double[] places) {
    return Paths.follow(
            surface,
            Algorithm.SGD.spec(),
            SMALL * surface.rate(Algorithm.SGD),
            NoiseSpec.none(),
            places,
            DESCENT_STEPS,
            DESCENT_STEPS)
        .ends();
  }

  /**
   * Measures the surfaces that have more than one basin.
   *
   * @param noise of the noisy arm
   * @param starts number of starts, uniform in the surface's box, each with draws of its own
   */
  static List<Row> measure(List<Surface> surfaces, NoiseSpec noise, int starts) {
    List<Row> rows = new ArrayList<>();
    for (Surface surface : surfaces) {
      if (!surface.multimodal()) {
        continue;
      }
      double[] minimum = minimum(surface);
      double[] places = random(surface.box(), starts, noise.seed());
      List<double[]> ends = new ArrayList<>();
      for (Algorithm algorithm : Algorithm.values()) {
        for (Arm arm : Arm.values()) {
          double rate = surface.rate(algorithm) * (arm == Arm.AMPLIFIED ? noise.mean() : 1);
          NoiseSpec used = arm == Arm.NOISY ? noise : NoiseSpec.none();
          ends.add(
              Paths.follow(surface, algorithm.spec(), rate, used, places, STEPS, STEPS).ends());
        }
      }
      // All descend at once: a step costs the same for few places as for many.
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

  static double[] random(Surface.Box box, int count, long seed) {
    Random random = new Random(seed);
    double[] places = new double[2 * count];
    for (int i = 0; i < count; i++) {
      places[2 * i] = box.lowX() + (box.highX() - box.lowX()) * random.nextDouble();
      places[2 * i + 1] = box.lowY() + (box.highY() - box.lowY()) * random.nextDouble();
    }
    return places;
  }

  /** A path that has left the numbers is not near either. */
  static Share near(double[] places, double[] minimum) {
    int hits = 0;
    for (int i = 0; i < places.length; i += 2) {
      double distance = Math.hypot(places[i] - minimum[0], places[i + 1] - minimum[1]);
      hits += distance < NEAR ? 1 : 0;
    }
    return new Share(hits, places.length / 2);
  }
}
