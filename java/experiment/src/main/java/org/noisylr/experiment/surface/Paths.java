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
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.TrainingOptimizer;

/**
 * Paths of an optimizer from many starts at once. With noise, every start is a parameter group of
 * its own, so that independent groups give each its own draws; LibTorch differentiates the function
 * for all of them together.
 *
 * @param points {@code [steps + 1][2·starts]}: x and y of each start, one after the other
 */
record Paths(double[][] points) {
  static {
    LibTorch.load();
  }

  /**
   * Follows an optimizer.
   *
   * @param rate its constant rate
   * @param noise drawn per step, for each start its own
   * @param starts x and y of each start, one after the other
   * @param every how many steps lie between two kept points; it divides {@code steps}
   */
  static Paths follow(
      Surface surface,
      OptimizerSpec optimizer,
      double rate,
      NoiseSpec noise,
      double[] starts,
      int steps,
      int every) {
    int count = starts.length / 2;
    double[][] points = new double[steps / every + 1][];
    points[0] = starts.clone();
    try (PointerScope scope = new PointerScope()) {
      Tensor places = Tensor.create(starts, count, 2).set_requires_grad(true);
      Tensor gradient = torch.zeros_like(places);
      places.mutable_grad().put(gradient);
      NoiseSpec each = noise.perStep().independentGroups();
      try (TrainingOptimizer descent =
          optimizer.create(groups(places, gradient, each), rate, each)) {
        for (int step = 1; step <= steps; step++) {
          try (PointerScope stepScope = new PointerScope()) {
            gradient.zero_();
            Tensor sum = surface.value(places.select(1, 0), places.select(1, 1)).sum();
            sum.backward();
            descent.step(sum.detach());
          }
          if (step % every == 0) {
            points[step / every] = values(places);
          }
        }
      }
    }
    return new Paths(points);
  }

  /** A group for each start; without noise, all starts are one parameter, element by element. */
  private static OptimizerParamGroupVector groups(Tensor places, Tensor gradient, NoiseSpec noise) {
    if (noise.distribution() instanceof Distribution.None) {
      return new OptimizerParamGroupVector(new OptimizerParamGroup(new TensorVector(places)));
    }
    OptimizerParamGroupVector groups = new OptimizerParamGroupVector();
    for (long i = 0; i < places.size(0); i++) {
      // A row of the places, with the same row of their gradient.
      Tensor place = places.detach().select(0, i).set_requires_grad(true);
      place.mutable_grad().put(gradient.select(0, i));
      groups.push_back(new OptimizerParamGroup(new TensorVector(place)));
    }
    return groups;
  }

  /** The values of a surface at places given as x and y of each, one after the other. */
  static double[] heights(Surface surface, double[] places) {
    try (PointerScope scope = new PointerScope()) {
      Tensor all = Tensor.create(places, places.length / 2, 2);
      return values(surface.value(all.select(1, 0), all.select(1, 1)));
    }
  }

  private static double[] values(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor dense = tensor.detach().contiguous();
      double[] values = new double[(int) dense.numel()];
      new DoublePointer(dense.data_ptr()).get(values);
      return values;
    }
  }

  /** Where the paths end: x and y of each, one after the other. */
  double[] ends() {
    return points[points.length - 1];
  }
}
