package org.noisylr.experiment.surface;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What the page of figure 3 draws for a surface: contours, and paths from a grid of starts.
 *
 * @param id the surface
 * @param box least and greatest x, least and greatest y
 * @param minimum x and y of the global minimum
 * @param lines contour lines
 * @param paths paths from all starts, for each alpha and each algorithm
 */
record PageData(String id, double[] box, double[] minimum, List<String> lines, List<String> paths) {
  /** The page offers these. */
  private static final double[] ALPHAS = {0, 2, 4, 8, 16};

  private static final int STARTS = 11;
  private static final int EVERY = 5;

  /**
   * Returns the data of all surfaces as JSON.
   *
   * @param minima x and y of the global minimum of each surface
   */
  static String json(Map<Surface, double[]> minima, long seed) {
    try {
      return JsonMapper.builder()
          .build()
          .writeValueAsString(
              minima.entrySet().stream()
                  .map(each -> of(each.getKey(), each.getValue(), seed))
                  .toList());
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static PageData of(Surface surface, double[] minimum, long seed) {
    Box box = surface.box();
    double[] starts = box.cellCentres(STARTS);
    List<String> paths = new ArrayList<>();
    for (double alpha : ALPHAS) {
      for (Algorithm algorithm : Algorithm.values()) {
        double[][] points =
            Trajectories.follow(
                    surface,
                    algorithm,
                    surface.rate(algorithm),
                    Figure3.noise(alpha, seed),
                    starts,
                    Figure3.STEPS,
                    EVERY)
                .points();
        paths.add(pack(Arrays.stream(points).flatMapToDouble(Arrays::stream).toArray(), box));
      }
    }
    return new PageData(
        surface.id(),
        new double[] {box.lowX(), box.highX(), box.lowY(), box.highY()},
        minimum,
        Contour.of(surface).stream()
            .flatMap(contour -> contour.lines().stream())
            .map(line -> pack(line, box))
            .toList(),
        paths);
  }

  /**
   * Points as little-endian 16-bit numbers in base64. 0 … 65534 span a rectangle around the centre
   * of the box, twice as wide and high; 65535 is a point outside, or NaN.
   */
  private static String pack(double[] points, Box box) {
    byte[] bytes = new byte[2 * points.length];
    for (int i = 0; i < points.length; i++) {
      double low = i % 2 == 0 ? box.lowX() : box.lowY();
      double high = i % 2 == 0 ? box.highX() : box.highY();
      double unit = (points[i] - (low + high) / 2) / (2 * (high - low)) + 0.5;
      int value = unit >= 0 && unit <= 1 ? (int) Math.round(65534 * unit) : 65535;
      bytes[2 * i] = (byte) value;
      bytes[2 * i + 1] = (byte) (value >> 8);
    }
    return Base64.getEncoder().encodeToString(bytes);
  }
}
