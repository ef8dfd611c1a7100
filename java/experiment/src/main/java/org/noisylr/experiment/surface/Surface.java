package org.noisylr.experiment.surface;

import java.util.function.BinaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.experiment.text.PlainNumber;

/**
 * A function of two variables that optimizers minimise.
 *
 * @param id a short name for files
 * @param title the name for readers
 * @param formula the formula for readers
 * @param remark what a reader should know: where its minimum really is, for instance
 * @param box the part of the plane that is drawn, and that random starts are uniform in
 * @param startX x of the start of the drawn paths
 * @param startY y of that start
 * @param sgdRate the constant rate of SGD, below 2/L for the curvature L of the deepest minimum:
 *     above 2/L, SGD leaves the minimum. No rate is small enough for Ackley's cusp
 * @param multimodal whether it has several minima and one of them is the deepest
 * @param function the function, of x and y as {@code float64 [N]}; LibTorch differentiates it
 */
public record Surface(
    String id,
    String title,
    String formula,
    String remark,
    Box box,
    double startX,
    double startY,
    double sgdRate,
    boolean multimodal,
    BinaryOperator<Tensor> function) {
  /** Returns the start of the drawn paths, as x and y. */
  double[] start() {
    return new double[] {startX, startY};
  }

  /**
   * Returns the constant rate of an algorithm. Momentum uses a tenth of SGD's rate, because
   * momentum 0.9 multiplies the step by 10. Adam and RMSProp take steps in units of the plane.
   */
  public double rate(Algorithm algorithm) {
    return switch (algorithm) {
      case SGD -> sgdRate;
      case MOMENTUM -> sgdRate / 10;
      case ADAM -> 0.05;
      case RMSPROP -> 0.02;
    };
  }

  /** Returns the constant rate with three significant digits. */
  public String rateText(Algorithm algorithm) {
    return PlainNumber.rounded(rate(algorithm), 3);
  }
}
