package org.noisylr.experiment.surface;

import java.awt.geom.Line2D;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * The lines on which a surface has a height, by marching squares: within a cell of a grid, a line
 * is straight from one crossing of the cell's edges to the next.
 *
 * @param level the height
 * @param lines x and y of the corners of each line, one after the other
 */
record Contour(double level, List<double[]> lines) {
  private static final int CELLS = 120;
  private static final int SIDE = CELLS + 1;
  private static final int LEVELS = 14;

  /**
   * Returns contours of a surface in its box. They are at the quantiles of its height, so that the
   * areas between them are equal.
   */
  static List<Contour> of(Surface surface) {
    double[] places = surface.box().grid(SIDE);
    double[] heights = Trajectories.heights(surface, places);
    double[] sorted = heights.clone();
    Arrays.sort(sorted);
    List<Contour> contours = new ArrayList<>();
    for (int k = 1; k <= LEVELS; k++) {
      double level = sorted[(int) ((long) k * (sorted.length - 1) / (LEVELS + 1))];
      contours.add(new Contour(level, lines(places, heights, level)));
    }
    return contours;
  }

  /** An edge of the grid, between the neighbouring corners {@code low} and {@code high}. */
  private record Edge(int low, int high) {
    static Edge of(int a, int b) {
      return new Edge(Math.min(a, b), Math.max(a, b));
    }
  }

  private static List<double[]> lines(double[] places, double[] heights, double level) {
    // A line crosses an edge at most once, so a crossed edge has one or two neighbours.
    Map<Edge, List<Edge>> neighbours = new LinkedHashMap<>();
    for (int row = 0; row < CELLS; row++) {
      for (int column = 0; column < CELLS; column++) {
        int first = row * SIDE + column;
        int[] corners = {first, first + 1, first + SIDE + 1, first + SIDE};
        List<Edge> crossed = new ArrayList<>();
        for (int i = 0; i < corners.length; i++) {
          int from = corners[i];
          int to = corners[(i + 1) % corners.length];
          if (heights[from] < level != heights[to] < level) {
            crossed.add(Edge.of(from, to));
          }
        }
        // Four crossings are two lines; both ways to pair them are right.
        for (int i = 0; i + 1 < crossed.size(); i += 2) {
          join(neighbours, crossed.get(i), crossed.get(i + 1));
        }
      }
    }
    List<double[]> lines = new ArrayList<>();
    while (!neighbours.isEmpty()) {
      Edge start = neighbours.keySet().iterator().next();
      Deque<Edge> line = new ArrayDeque<>(List.of(start));
      for (Edge next; (next = leave(neighbours, line.getLast())) != null; ) {
        line.addLast(next);
      }
      for (Edge next; (next = leave(neighbours, line.getFirst())) != null; ) {
        line.addFirst(next);
      }
      lines.add(
          line.stream()
              .flatMapToDouble(edge -> Arrays.stream(crossing(places, heights, level, edge)))
              .toArray());
    }
    return lines;
  }

  /**
   * Returns these contours without the corners that are less than a fraction of the box away from
   * the line without them.
   */
  Contour simplified(Box box, double fraction) {
    double width = box.highX() - box.lowX();
    double height = box.highY() - box.lowY();
    return new Contour(
        level, lines.stream().map(line -> simplified(line, width, height, fraction)).toList());
  }

  private static double[] simplified(double[] line, double width, double height, double fraction) {
    DoubleStream.Builder kept = DoubleStream.builder();
    int last = 0;
    for (int i = 0; i < line.length; i += 2) {
      boolean end = i == 0 || i == line.length - 2;
      if (end
          || Line2D.ptSegDist(
                  line[last] / width,
                  line[last + 1] / height,
                  line[i + 2] / width,
                  line[i + 3] / height,
                  line[i] / width,
                  line[i + 1] / height)
              > fraction) {
        kept.add(line[i]).add(line[i + 1]);
        last = i;
      }
    }
    return kept.build().toArray();
  }

  private static void join(Map<Edge, List<Edge>> neighbours, Edge a, Edge b) {
    neighbours.computeIfAbsent(a, e -> new ArrayList<>()).add(b);
    neighbours.computeIfAbsent(b, e -> new ArrayList<>()).add(a);
  }

  /** Removes a connection of an edge and returns its other end; null if there is none. */
  private static Edge leave(Map<Edge, List<Edge>> neighbours, Edge edge) {
    List<Edge> ways = neighbours.get(edge);
    if (ways == null) {
      return null;
    }
    Edge next = ways.get(0);
    disconnect(neighbours, edge, next);
    disconnect(neighbours, next, edge);
    return next;
  }

  private static void disconnect(Map<Edge, List<Edge>> neighbours, Edge edge, Edge other) {
    List<Edge> ways = neighbours.get(edge);
    ways.remove(other);
    if (ways.isEmpty()) {
      neighbours.remove(edge);
    }
  }

  private static double[] crossing(double[] places, double[] heights, double level, Edge edge) {
    double t = (level - heights[edge.low]) / (heights[edge.high] - heights[edge.low]);
    double[] place = new double[2];
    for (int c = 0; c < 2; c++) {
      place[c] =
          places[2 * edge.low + c] + t * (places[2 * edge.high + c] - places[2 * edge.low + c]);
    }
    return place;
  }

  /** Returns the x (0) or y (1) of all lines, one after the other, with a NaN after each. */
  double[] coordinate(int coordinate) {
    List<Double> values = new ArrayList<>();
    for (double[] line : lines) {
      for (int i = coordinate; i < line.length; i += 2) {
        values.add(line[i]);
      }
      values.add(Double.NaN);
    }
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
