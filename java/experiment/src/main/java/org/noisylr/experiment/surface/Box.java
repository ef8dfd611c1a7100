package org.noisylr.experiment.surface;

import java.util.Random;

/**
 * A rectangle in the plane. An array of points holds the x and y of the first point, then those of
 * the second, and so on.
 *
 * @param lowX least x
 * @param highX greatest x
 * @param lowY least y
 * @param highY greatest y
 */
public record Box(double lowX, double highX, double lowY, double highY) {
  /** Returns the square around the origin with this half side. */
  static Box square(double half) {
    return new Box(-half, half, -half, half);
  }

  boolean contains(double x, double y) {
    return x >= lowX && x <= highX && y >= lowY && y <= highY;
  }

  /** Returns {@code side × side} points, row by row, the outermost on the edges. */
  double[] grid(int side) {
    double[] points = new double[2 * side * side];
    for (int i = 0; i < side * side; i++) {
      put(points, i, (double) (i % side) / (side - 1), (double) (i / side) / (side - 1));
    }
    return points;
  }

  /** Returns the centres of {@code side × side} equal cells, row by row. */
  double[] cellCentres(int side) {
    double[] points = new double[2 * side * side];
    for (int i = 0; i < side * side; i++) {
      put(points, i, (i % side + 0.5) / side, ((double) (i / side) + 0.5) / side);
    }
    return points;
  }

  /** Returns uniform random points. */
  double[] random(int count, long seed) {
    Random random = new Random(seed);
    double[] points = new double[2 * count];
    for (int i = 0; i < count; i++) {
      put(points, i, random.nextDouble(), random.nextDouble());
    }
    return points;
  }

  private void put(double[] points, int i, double u, double v) {
    points[2 * i] = lowX + u * (highX - lowX);
    points[2 * i + 1] = lowY + v * (highY - lowY);
  }
}
