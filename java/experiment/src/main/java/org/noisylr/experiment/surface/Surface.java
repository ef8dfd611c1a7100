package org.noisylr.experiment.surface;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;

/** A function of two variables that optimizers descend. */
public sealed interface Surface {
  /**
   * Where a function is looked at.
   *
   * @param low the least x and y
   * @param high the greatest x and y
   */
  record Box(double lowX, double highX, double lowY, double highY) {
    boolean contains(double x, double y) {
      return x >= lowX && x <= highX && y >= lowY && y <= highY;
    }

    static Box square(double half) {
      return new Box(-half, half, -half, half);
    }
  }

  /** A short name for files. */
  String id();

  /** The name for readers. */
  String title();

  /** The formula for readers. */
  String formula();

  /** What is to be said of it: where its minimum really is, for instance. */
  String remark();

  /** The part of the plane that is drawn, and that starts are drawn from uniformly. */
  Box box();

  /** The start of the paths that are drawn. */
  double[] start();

  /**
   * The constant rate of SGD, below 2/L, above which it would leave a minimum of curvature L (at
   * Ackley's cusp, there is no such rate).
   */
  double rate();

  /**
   * The constant rate of an algorithm: for momentum 0.9 a tenth of {@link #rate()}, which moves as
   * far; Adam and RMSProp measure their steps in the units of the plane.
   */
  default double rate(Algorithm algorithm) {
    return switch (algorithm) {
      case SGD -> rate();
      case MOMENTUM -> rate() / 10;
      case ADAM -> 0.05;
      case RMSPROP -> 0.02;
    };
  }

  /** The constant rate with three digits. */
  default String rateText(Algorithm algorithm) {
    return new BigDecimal(rate(algorithm))
        .round(new MathContext(3))
        .stripTrailingZeros()
        .toPlainString();
  }

  /** Whether it is asked which minimum is reached: there may be others, and one is the deepest. */
  boolean multimodal();

  /**
   * The function, with which LibTorch computes its gradients.
   *
   * @param x {@code float64 [N]}
   * @param y {@code float64 [N]}
   * @return {@code float64 [N]}
   */
  Tensor value(Tensor x, Tensor y);

  /** All functions of the paper and its supplement, and the standard Rastrigin function. */
  static List<Surface> all(TwoWells wells) {
    return List.of(wells, new RastriginVariant(), new Rastrigin(), new Ackley(), new Rosenbrock());
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

  /**
   * The quadratic with two Gaussian wells (the paper, section 3.3): f = x² + y² − a·exp(−((x+1)² +
   * y²)/d) − b·exp(−((x−1)² + y²)/d).
   *
   * @param a depth of the well at (−1, 0), in [0, inf); the paper's text says 3
   * @param b depth of the well at (1, 0), in [0, inf); the paper's text says 2
   * @param d width of both, in (0, inf); the paper does not say it
   */
  record TwoWells(double a, double b, double d) implements Surface {
    /** The paper's depths, and a width at which both wells are minima. */
    public static final TwoWells PAPER = new TwoWells(3, 2, 0.5);

    /** Validates the values. */
    public TwoWells {
      Check.nonNegative("a", a);
      Check.nonNegative("b", b);
      Check.positive("d", d);
    }

    @Override
    public String id() {
      return "two-wells";
    }

    @Override
    public String title() {
      return "Quadratic with two Gaussian wells";
    }

    @Override
    public String formula() {
      return "x² + y² − %s·exp(−((x+1)² + y²)/%s) − %s·exp(−((x−1)² + y²)/%s)"
          .formatted(a, d, b, d);
    }

    @Override
    public String remark() {
      return "The paper calls (1, 0) the global minimum with a = 3 and b = 2. With the formula as"
          + " printed, a is the depth of the well at (−1, 0), so that one is deeper. The text is true"
          + " if the two depths (a = 2, b = 3), or the signs inside of the squares, are exchanged.";
    }

    @Override
    public Box box() {
      return Box.square(2);
    }

    @Override
    public double[] start() {
      return new double[] {1.7, 1.3};
    }

    @Override
    public double rate() {
      // The curvature at the bottom of the deeper well is about 2 + 2·max(a, b)/d.
      return 0.4 * 2 / (2 + 2 * Math.max(a, b) / d);
    }

    @Override
    public boolean multimodal() {
      return a != b;
    }

    @Override
    public Tensor value(Tensor x, Tensor y) {
      Tensor yy = square(y);
      Tensor left = times(square(plus(x, 1)).add(yy), -1 / d).exp();
      Tensor right = times(square(plus(x, -1)).add(yy), -1 / d).exp();
      return square(x).add(yy).add(times(left, -a)).add(times(right, -b));
    }
  }

  /** The Rastrigin variant of the paper: f = x² + y² − sin 2πx − sin 2πy. */
  record RastriginVariant() implements Surface {
    @Override
    public String id() {
      return "rastrigin-variant";
    }

    @Override
    public String title() {
      return "Rastrigin variant of the paper";
    }

    @Override
    public String formula() {
      return "x² + y² − sin 2πx − sin 2πy";
    }

    @Override
    public String remark() {
      return "The paper says that the minimum is f(0, 0) = 0. As printed, the gradient at (0, 0) is"
          + " (−2π, −2π): the minimum lies near (0.237, 0.237), where x = π·cos 2πx, with f = −1.88.";
    }

    @Override
    public Box box() {
      return Box.square(2.5);
    }

    @Override
    public double[] start() {
      return new double[] {-2, 1.9};
    }

    @Override
    public double rate() {
      return 0.02;
    }

    @Override
    public boolean multimodal() {
      return true;
    }

    @Override
    public Tensor value(Tensor x, Tensor y) {
      return square(x)
          .add(square(y))
          .sub(times(x, 2 * Math.PI).sin())
          .sub(times(y, 2 * Math.PI).sin());
    }
  }

  /** The standard Rastrigin function: f = 20 + x² + y² − 10·(cos 2πx + cos 2πy). */
  record Rastrigin() implements Surface {
    @Override
    public String id() {
      return "rastrigin";
    }

    @Override
    public String title() {
      return "Rastrigin";
    }

    @Override
    public String formula() {
      return "20 + x² + y² − 10·(cos 2πx + cos 2πy)";
    }

    @Override
    public String remark() {
      return "The standard form, which does have its minimum f(0, 0) = 0.";
    }

    @Override
    public Box box() {
      return Box.square(5.12);
    }

    @Override
    public double[] start() {
      return new double[] {-2.8, 2.7};
    }

    @Override
    public double rate() {
      return 0.002;
    }

    @Override
    public boolean multimodal() {
      return true;
    }

    @Override
    public Tensor value(Tensor x, Tensor y) {
      Tensor waves = times(x, 2 * Math.PI).cos().add(times(y, 2 * Math.PI).cos());
      return plus(square(x).add(square(y)).sub(times(waves, 10)), 20);
    }
  }

  /** Ackley's function, as the supplement prints it. */
  record Ackley() implements Surface {
    @Override
    public String id() {
      return "ackley";
    }

    @Override
    public String title() {
      return "Ackley";
    }

    @Override
    public String formula() {
      return "−20·exp(−0.2·√((x² + y²)/2)) − exp((cos 2πx + cos 2πy)/2) + e + 20";
    }

    @Override
    public String remark() {
      return "The minimum is f(0, 0) = 0, at a cusp: a constant rate does not settle there.";
    }

    @Override
    public Box box() {
      return Box.square(5);
    }

    @Override
    public double[] start() {
      return new double[] {-3.3, 2.4};
    }

    @Override
    public double rate() {
      return 0.02;
    }

    @Override
    public boolean multimodal() {
      return true;
    }

    @Override
    public Tensor value(Tensor x, Tensor y) {
      // The root's gradient at 0 is no number; so small a number under it changes nothing else.
      Tensor radius = plus(times(square(x).add(square(y)), 0.5), 1e-24).sqrt();
      Tensor waves = times(x, 2 * Math.PI).cos().add(times(y, 2 * Math.PI).cos());
      return plus(times(times(radius, -0.2).exp(), -20).sub(times(waves, 0.5).exp()), Math.E + 20);
    }
  }

  /** Rosenbrock's function: f = (1 − x)² + 100·(y − x²)². */
  record Rosenbrock() implements Surface {
    @Override
    public String id() {
      return "rosenbrock";
    }

    @Override
    public String title() {
      return "Rosenbrock";
    }

    @Override
    public String formula() {
      return "(1 − x)² + 100·(y − x²)²";
    }

    @Override
    public String remark() {
      return "One basin with a curved valley; the minimum is f(1, 1) = 0. It is named in captions of"
          + " the supplement.";
    }

    @Override
    public Box box() {
      return new Box(-1.5, 1.5, -0.5, 1.5);
    }

    @Override
    public double[] start() {
      return new double[] {-1.1, 0.6};
    }

    @Override
    public double rate() {
      return 0.0005;
    }

    @Override
    public boolean multimodal() {
      return false;
    }

    @Override
    public Tensor value(Tensor x, Tensor y) {
      return square(plus(x, -1)).add(times(square(y.sub(square(x))), 100));
    }
  }
}
