package org.noisylr.experiment.surface;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;
import org.noisylr.experiment.text.PlainNumber;

/** The functions of the paper and its supplement, and the standard Rastrigin function. */
public final class Surfaces {
  /** The two wells with the paper's depths, and a width at which both are minima. */
  public static final Surface PAPER_WELLS = twoWells(3, 2, 0.5);

  static final Surface RASTRIGIN_VARIANT =
      new Surface(
          "rastrigin-variant",
          "Rastrigin variant of the paper",
          "x² + y² − sin 2πx − sin 2πy",
          "The paper states the minimum f(0, 0) = 0. For the printed formula, the gradient at (0, 0)"
              + " is (−2π, −2π), and the minimum f = −1.88 is near (0.237, 0.237), where"
              + " x = π·cos 2πx.",
          Box.square(2.5),
          -2,
          1.9,
          0.02,
          true,
          (x, y) ->
              square(x)
                  .add(square(y))
                  .sub(times(x, 2 * Math.PI).sin())
                  .sub(times(y, 2 * Math.PI).sin()));

  static final Surface RASTRIGIN =
      new Surface(
          "rastrigin",
          "Rastrigin",
          "20 + x² + y² − 10·(cos 2πx + cos 2πy)",
          "The standard form. Its minimum is f(0, 0) = 0.",
          Box.square(5.12),
          -2.8,
          2.7,
          0.002,
          true,
          (x, y) -> plus(square(x).add(square(y)).sub(times(waves(x, y), 10)), 20));

  /** The root has no gradient at 0. The small number under it changes no other value. */
  static final Surface ACKLEY =
      new Surface(
          "ackley",
          "Ackley",
          "−20·exp(−0.2·√((x² + y²)/2)) − exp((cos 2πx + cos 2πy)/2) + e + 20",
          "The minimum f(0, 0) = 0 is a cusp: a constant rate does not settle there.",
          Box.square(5),
          -3.3,
          2.4,
          0.02,
          true,
          (x, y) -> {
            Tensor radius = plus(times(square(x).add(square(y)), 0.5), 1e-24).sqrt();
            Tensor hill = times(times(radius, -0.2).exp(), -20);
            return plus(hill.sub(times(waves(x, y), 0.5).exp()), Math.E + 20);
          });

  static final Surface ROSENBROCK =
      new Surface(
          "rosenbrock",
          "Rosenbrock",
          "(1 − x)² + 100·(y − x²)²",
          "One basin with a curved valley; the minimum is f(1, 1) = 0. Captions of the supplement"
              + " name it.",
          new Box(-1.5, 1.5, -0.5, 1.5),
          -1.1,
          0.6,
          0.0005,
          false,
          (x, y) -> square(plus(x, -1)).add(times(square(y.sub(square(x))), 100)));

  private Surfaces() {}

  /**
   * Returns the quadratic with two Gaussian wells (the paper, section 3.3): x² + y² −
   * a·exp(−((x+1)² + y²)/d) − b·exp(−((x−1)² + y²)/d).
   *
   * @param a depth of the well at (−1, 0), in [0, inf); 3 in the paper
   * @param b depth of the well at (1, 0), in [0, inf); 2 in the paper
   * @param d width of both, in (0, inf); not stated in the paper
   * @throws org.noisylr.check.InputException if a value is outside
   */
  public static Surface twoWells(double a, double b, double d) {
    Check.nonNegative("a", a);
    Check.nonNegative("b", b);
    Check.positive("d", d);
    return new Surface(
        "two-wells",
        "Quadratic with two Gaussian wells",
        "x² + y² − %s·exp(−((x+1)² + y²)/%3$s) − %s·exp(−((x−1)² + y²)/%3$s)"
            .formatted(PlainNumber.of(a), PlainNumber.of(b), PlainNumber.of(d)),
        "The paper calls (1, 0) the global minimum for a = 3 and b = 2. In the printed formula, a is"
            + " the depth of the well at (−1, 0), so that well is the deeper one. The text is right"
            + " if the two depths are exchanged (a = 2, b = 3), or the signs inside the squares.",
        Box.square(2),
        1.7,
        1.3,
        // The curvature at the bottom of the deeper well is about 2 + 2·max(a, b)/d.
        0.4 * 2 / (2 + 2 * Math.max(a, b) / d),
        a != b,
        (x, y) -> {
          Tensor yy = square(y);
          Tensor left = times(square(plus(x, 1)).add(yy), -1 / d).exp();
          Tensor right = times(square(plus(x, -1)).add(yy), -1 / d).exp();
          return square(x).add(yy).add(times(left, -a)).add(times(right, -b));
        });
  }

  /** Returns all functions, with these two wells. */
  public static List<Surface> all(Surface wells) {
    return List.of(wells, RASTRIGIN_VARIANT, RASTRIGIN, ACKLEY, ROSENBROCK);
  }

  /** Returns cos 2πx + cos 2πy. */
  private static Tensor waves(Tensor x, Tensor y) {
    return times(x, 2 * Math.PI).cos().add(times(y, 2 * Math.PI).cos());
  }

  private static Tensor square(Tensor t) {
    return t.mul(t);
  }

  private static Tensor times(Tensor t, double factor) {
    return t.mul(new Scalar(factor));
  }

  private static Tensor plus(Tensor t, double number) {
    return t.add(new Scalar(number));
  }
}
