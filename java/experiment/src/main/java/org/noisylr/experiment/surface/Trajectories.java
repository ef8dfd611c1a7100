package org.noisylr.experiment.surface;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.loop.TrainingOptimizer;

/**
 * Paths of an optimizer from several starts, computed together. With noise, every start is a
 * parameter group, and groups draw independently; LibTorch differentiates the function for all
 * starts at once.
 *
 * @param points {@code [steps / every + 1][2·starts]}: x and y of each start, one after the other
 */
record Trajectories(double[][] points) {
  static {
    LibTorch.load();
  }

  /**
   * Follows an optimizer at a constant rate.
   *
   * @param noise noise on the rate, drawn in each step for each start
   * @param starts x and y of each start, one after the other
   * @param steps number of steps, a multiple of {@code every}
   * @param every number of steps from one stored point to the next
   */
  static Trajectories follow(
      Surface surface,
      Algorithm algorithm,
      double rate,
      NoiseSpec noise,
      double[] starts,
      int steps,
      int every) {
    int count = starts.length / 2;
    double[][] points = new double[steps / every + 1][];
    points[0] = starts.clone();
    try (PointerScope scope = new PointerScope()) {
      Tensor places = Tensors.of(starts, count, 2).set_requires_grad(true);
      Tensor gradient = torch.zeros_like(places);
      places.mutable_grad().put(gradient);
      NoiseSpec each = noise.perStep().independentGroups();
      try (TrainingOptimizer optimizer =
          algorithm.spec().create(groups(places, gradient, each), rate, each)) {
        for (int step = 1; step <= steps; step++) {
          try (PointerScope stepScope = new PointerScope()) {
            gradient.zero_();
            Tensor sum = value(surface, places).sum();
            sum.backward();
            optimizer.step(sum.detach());
          }
          if (step % every == 0) {
            points[step / every] = values(places);
          }
        }
      }
    }
    return new Trajectories(points);
  }

  /**
   * Creates a group for each start. Without noise, one suffices: optimizers work element by
   * element.
   */
  private static OptimizerParamGroupVector groups(Tensor places, Tensor gradient, NoiseSpec noise) {
    if (noise.distribution() instanceof Distribution.None) {
      return new OptimizerParamGroupVector(new OptimizerParamGroup(new TensorVector(places)));
    }
    OptimizerParamGroupVector groups = new OptimizerParamGroupVector();
    for (long i = 0; i < places.size(0); i++) {
      // A view of a row, with a view of the same row of the gradient.
      Tensor place = places.detach().select(0, i).set_requires_grad(true);
      place.mutable_grad().put(gradient.select(0, i));
      groups.push_back(new OptimizerParamGroup(new TensorVector(place)));
    }
    return groups;
  }

  /** Returns the values of a surface at points, given as x and y of each, one after the other. */
  static double[] heights(Surface surface, double[] points) {
    try (PointerScope scope = new PointerScope()) {
      return values(value(surface, Tensors.of(points, points.length / 2, 2)));
    }
  }

  private static Tensor value(Surface surface, Tensor points) {
    return surface.function().apply(points.select(1, 0), points.select(1, 1));
  }

  private static double[] values(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor dense = tensor.detach().contiguous();
      double[] values = new double[(int) dense.numel()];
      new DoublePointer(dense.data_ptr()).get(values);
      return values;
    }
  }

  /** Returns the last points: x and y of each start, one after the other. */
  double[] ends() {
    return points[points.length - 1];
  }

  /** Returns the x (0) or y (1) of the first start, point by point. */
  double[] coordinate(int coordinate) {
    double[] values = new double[points.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = points[i][coordinate];
    }
    return values;
  }
}
