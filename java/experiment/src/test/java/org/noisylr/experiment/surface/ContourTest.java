package org.noisylr.experiment.surface;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.geom.Line2D;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.noisylr.experiment.chart.Ink;
import org.noisylr.experiment.chart.LineChart;

class ContourTest {
  private static final Surface SURFACE = Surfaces.RASTRIGIN;

  /** This function has the longest contours. */
  @Test
  void contoursFitIntoASmallFile() {
    LineChart chart = new LineChart("x", "y").within(-5.12, 5.12, -5.12, 5.12);
    for (Contour contour : Contour.of(SURFACE)) {
      Contour simple = contour.simplified(SURFACE.box(), 1e-3);
      chart.faint(simple.coordinate(0), simple.coordinate(1), Ink.TEXT);
    }
    assertThat(chart.svg()).hasSizeLessThan(270_000);
  }

  @Test
  void aSimplifiedContourStaysWhereItWas() {
    Contour full = Contour.of(SURFACE).get(7);
    List<double[]> simple = full.simplified(SURFACE.box(), 1e-3).lines();
    for (int i = 0; i < simple.size(); i++) {
      double[] line = full.lines().get(i);
      double[] kept = simple.get(i);
      assertThat(kept.length).isLessThanOrEqualTo(line.length);
      for (int corner = 0; corner < line.length; corner += 2) {
        assertThat(distance(kept, line[corner], line[corner + 1])).isLessThan(0.03);
      }
    }
  }

  private static double distance(double[] line, double x, double y) {
    return IntStream.range(0, line.length / 2 - 1)
        .mapToDouble(
            i ->
                Line2D.ptSegDist(
                    line[2 * i], line[2 * i + 1], line[2 * i + 2], line[2 * i + 3], x, y))
        .min()
        .orElseThrow();
  }
}
