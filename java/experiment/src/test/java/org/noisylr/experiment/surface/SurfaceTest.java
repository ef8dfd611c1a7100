package org.noisylr.experiment.surface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;

class SurfaceTest {
  private static double height(Surface surface, double x, double y) {
    return Trajectories.heights(surface, new double[] {x, y})[0];
  }

  /** LibTorch's gradient, from one step of SGD at the rate 1. */
  private static double[] gradient(Surface surface, double x, double y) {
    double[] end =
        Trajectories.follow(surface, Algorithm.SGD, 1, NoiseSpec.none(), new double[] {x, y}, 1, 1)
            .ends();
    return new double[] {x - end[0], y - end[1]};
  }

  @Test
  void theFunctionsHaveThePapersFormulas() {
    assertThat(height(Surfaces.PAPER_WELLS, -1, 0))
        .isCloseTo(1 - 3 - 2 * Math.exp(-4 / 0.5), within(1e-12));
    assertThat(height(Surfaces.PAPER_WELLS, 1, 0.5))
        .isCloseTo(1.25 - 3 * Math.exp(-4.25 / 0.5) - 2 * Math.exp(-0.25 / 0.5), within(1e-12));
    assertThat(height(Surfaces.RASTRIGIN_VARIANT, 0.25, 0.5)).isCloseTo(-0.6875, within(1e-12));
    assertThat(height(Surfaces.RASTRIGIN, 0, 0)).isCloseTo(0, within(1e-12));
    assertThat(height(Surfaces.RASTRIGIN, 1, 0.5)).isCloseTo(21.25, within(1e-12));
    assertThat(height(Surfaces.ACKLEY, 0, 0)).isCloseTo(0, within(1e-11));
    assertThat(height(Surfaces.ACKLEY, 1, 1)).isCloseTo(20 - 20 * Math.exp(-0.2), within(1e-12));
    assertThat(height(Surfaces.ROSENBROCK, 1, 1)).isZero();
    assertThat(height(Surfaces.ROSENBROCK, -1, 2)).isEqualTo(104);
  }

  @Test
  void theDeeperWellIsAtMinusOneForThePrintedFormula() {
    double[] printed = Basins.minimum(Surfaces.PAPER_WELLS);
    assertThat(printed[0]).isCloseTo(-0.850, within(0.001));
    assertThat(printed[1]).isCloseTo(0, within(1e-6));
    assertThat(height(Surfaces.PAPER_WELLS, -0.85, 0))
        .isLessThan(height(Surfaces.PAPER_WELLS, 0.78, 0));
    assertThat(Basins.minimum(Surfaces.twoWells(2, 3, 0.5))[0]).isCloseTo(0.850, within(0.001));
  }

  /** (0, 0), the minimum in the paper, is not stationary. */
  @Test
  void theRastriginVariantsMinimumIsNotAtZero() {
    double[] atZero = gradient(Surfaces.RASTRIGIN_VARIANT, 0, 0);
    assertThat(atZero[0]).isCloseTo(-2 * Math.PI, within(1e-12));
    double[] minimum = Basins.minimum(Surfaces.RASTRIGIN_VARIANT);
    for (double x : minimum) {
      assertThat(x).isCloseTo(Math.PI * Math.cos(2 * Math.PI * x), within(1e-6));
    }
    assertThat(height(Surfaces.RASTRIGIN_VARIANT, minimum[0], minimum[1]))
        .isCloseTo(-1.881, within(0.001));
  }

  @Test
  void ackleysCuspHasAGradient() {
    assertThat(gradient(Surfaces.ACKLEY, 0, 0)).containsExactly(0, 0);
  }

  @Test
  void invalidWellsAreRejected() {
    assertThatThrownBy(() -> Surfaces.twoWells(-1, 2, 0.5))
        .isInstanceOf(InputException.class)
        .hasMessage("a must be at least 0, but is -1.0");
    assertThatThrownBy(() -> Surfaces.twoWells(3, 2, 0))
        .isInstanceOf(InputException.class)
        .hasMessage("d must be greater than 0, but is 0.0");
  }

  /** Descent settles in deep and narrow wells too. */
  @Test
  void theRateDependsOnTheWells() {
    Surface deep = Surfaces.twoWells(30, 2, 0.1);
    assertThat(deep.sgdRate()).isCloseTo(0.8 / 602, within(1e-12));
    double[] minimum = Basins.minimum(deep);
    assertThat(Math.hypot(gradient(deep, minimum[0], minimum[1])[0], 0)).isLessThan(1e-6);
    assertThat(Surfaces.twoWells(2, 2, 0.5).multimodal()).isFalse();
  }

  @Test
  void momentumMovesAsFarAsSgd() {
    for (Surface surface : Surfaces.all(Surfaces.PAPER_WELLS)) {
      assertThat(surface.rate(Algorithm.MOMENTUM) / (1 - 0.9))
          .isCloseTo(surface.rate(Algorithm.SGD), within(1e-12));
    }
  }
}
