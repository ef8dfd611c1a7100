package org.noisylr.experiment.surface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.experiment.statistics.Share;
import org.noisylr.experiment.surface.Basins.Arm;
import org.noisylr.noise.NoiseSpec;

class TrajectoriesTest {
  private static final double[] STARTS = {1, 0.5, -1.5, 1, 0.2, -0.3};

  private static Trajectories follow(
      Algorithm algorithm, NoiseSpec noise, double[] starts, int steps) {
    return Trajectories.follow(Surfaces.PAPER_WELLS, algorithm, 0.02, noise, starts, steps, 1);
  }

  @ParameterizedTest
  @EnumSource
  void startsDoNotAffectEachOther(Algorithm algorithm) {
    double[] together = follow(algorithm, NoiseSpec.none(), STARTS, 20).ends();
    for (int i = 0; i < STARTS.length; i += 2) {
      double[] alone =
          follow(algorithm, NoiseSpec.none(), new double[] {STARTS[i], STARTS[i + 1]}, 20).ends();
      assertThat(together[i]).isCloseTo(alone[0], within(1e-12));
      assertThat(together[i + 1]).isCloseTo(alone[1], within(1e-12));
    }
  }

  @Test
  void everyStartHasItsOwnDraws() {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(4);
    Trajectories plain = follow(Algorithm.SGD, NoiseSpec.none(), STARTS, 1);
    Trajectories noisy = follow(Algorithm.SGD, noise, STARTS, 1);
    for (int i = 0; i < STARTS.length; i++) {
      double factor = noise.perStep().independentGroups().factor(0, 0, i / 2);
      double move = plain.ends()[i] - STARTS[i];
      assertThat(noisy.ends()[i] - STARTS[i]).isCloseTo(factor * move, within(1e-12));
    }
  }

  @Test
  void pointsAreStoredEveryFewSteps() {
    Trajectories all = follow(Algorithm.ADAM, NoiseSpec.none(), STARTS, 20);
    Trajectories some =
        Trajectories.follow(
            Surfaces.PAPER_WELLS, Algorithm.ADAM, 0.02, NoiseSpec.none(), STARTS, 20, 5);
    assertThat(all.points()).hasDimensions(21, 6);
    assertThat(some.points()).hasDimensions(5, 6);
    assertThat(some.points()[0]).isEqualTo(STARTS);
    assertThat(some.points()[3]).isEqualTo(all.points()[15]);
  }

  /** Computes the arms of one row again, each on its own. */
  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void basinsAreCountedByArms() {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(1);
    List<Basins.Row> rows =
        Basins.measure(List.of(Surfaces.PAPER_WELLS, Surfaces.ROSENBROCK), noise, 40);
    // Rosenbrock's function has one basin and no row.
    assertThat(rows.stream().map(Basins.Row::algorithm)).containsExactly(Algorithm.values());
    double[] starts = Surfaces.PAPER_WELLS.box().random(40, 1);
    double[] minimum = Basins.minimum(Surfaces.PAPER_WELLS);
    double rate = Surfaces.PAPER_WELLS.rate(Algorithm.ADAM);
    Map<Arm, Share> shares = rows.get(Algorithm.ADAM.ordinal()).shares();
    assertThat(shares)
        .containsEntry(Arm.PLAIN, share(rate, NoiseSpec.none(), starts, minimum))
        .containsEntry(Arm.AMPLIFIED, share(4 * rate, NoiseSpec.none(), starts, minimum))
        .containsEntry(Arm.NOISY, share(rate, noise, starts, minimum));
    assertThat(rows.stream().flatMap(row -> row.shares().values().stream()).distinct())
        .hasSizeGreaterThan(1);
  }

  private static Share share(double rate, NoiseSpec noise, double[] starts, double[] minimum) {
    double[] ends =
        Trajectories.follow(
                Surfaces.PAPER_WELLS,
                Algorithm.ADAM,
                rate,
                noise,
                starts,
                Basins.STEPS,
                Basins.STEPS)
            .ends();
    return Basins.near(Basins.descend(Surfaces.PAPER_WELLS, ends), minimum);
  }

  /** Compares with Adam in plain Java, start by start, on Rosenbrock's function. */
  @Test
  void noisyAdamIsAdamWithItsOwnRatesForEachStart() {
    NoiseSpec noise = NoiseSpec.uniform(8).seed(6).perStep().independentGroups();
    double rate = 0.01;
    double[] ends =
        Trajectories.follow(Surfaces.ROSENBROCK, Algorithm.ADAM, rate, noise, STARTS, 20, 20)
            .ends();
    for (int start = 0; start < STARTS.length / 2; start++) {
      double[] p = {STARTS[2 * start], STARTS[2 * start + 1]};
      double[] m = new double[2];
      double[] v = new double[2];
      for (int t = 1; t <= 20; t++) {
        double inner = p[1] - p[0] * p[0];
        double[] g = {-2 * (1 - p[0]) - 400 * p[0] * inner, 200 * inner};
        for (int c = 0; c < 2; c++) {
          m[c] = 0.9 * m[c] + 0.1 * g[c];
          v[c] = 0.999 * v[c] + 0.001 * g[c] * g[c];
          double step = m[c] / (1 - Math.pow(0.9, t));
          double scale = Math.sqrt(v[c] / (1 - Math.pow(0.999, t))) + 1e-8;
          p[c] -= rate * noise.factor(0, t - 1, start) * step / scale;
        }
      }
      assertThat(ends[2 * start]).isCloseTo(p[0], within(1e-9));
      assertThat(ends[2 * start + 1]).isCloseTo(p[1], within(1e-9));
    }
  }

  /** Reference values of Wilson's interval. */
  @Test
  void sharesHaveWilsonsInterval() {
    assertThat(new Share(5, 10).low()).isCloseTo(0.2366, within(1e-4));
    assertThat(new Share(5, 10).high()).isCloseTo(0.7634, within(1e-4));
    assertThat(new Share(0, 10).low()).isZero();
    assertThat(new Share(0, 10).high()).isCloseTo(0.2775, within(1e-4));
    assertThat(new Share(543, 1000)).hasToString("54.3 (51.2 to 57.4)");
  }

  @Test
  void contoursOfABowlAreCircles() {
    Surface bowl = Surfaces.twoWells(0, 0, 1);
    for (Contour contour : Contour.of(bowl)) {
      for (double[] line : contour.lines()) {
        for (int i = 0; i < line.length; i += 2) {
          assertThat(Math.hypot(line[i], line[i + 1]))
              .isCloseTo(Math.sqrt(contour.level()), within(0.002));
        }
      }
      if (contour.level() < 4) {
        // A contour inside the box is one closed line.
        assertThat(contour.lines()).hasSize(1);
        double[] line = contour.lines().get(0);
        assertThat(line[0]).isEqualTo(line[line.length - 2]);
        assertThat(line[1]).isEqualTo(line[line.length - 1]);
      }
    }
  }
}
