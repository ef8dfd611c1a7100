package org.noisylr.train.loop;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.Model;

/** The exponential moving average of a model's weights, see {@link UpdateOptions#ema()}. */
final class MovingAverage implements AutoCloseable {
  private final Map<String, Tensor> weights;
  private final Map<String, Tensor> average = new LinkedHashMap<>();

  /** The names of tensors that are copied: integers, and masks with infinite values. */
  private final Set<String> copied = new HashSet<>();

  private final Scalar share;

  /** Starts with the model's weights. */
  MovingAverage(Model model, double decay) {
    weights = Tensors.state(model);
    share = new Scalar(1 - decay);
    weights.forEach(
        (name, tensor) -> {
          average.put(name, tensor.clone());
          if (!tensor.is_floating_point() || !Tensors.isFinite(tensor)) {
            copied.add(name);
          }
        });
  }

  /** Adds the weights after an update. */
  void update() {
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      average.forEach(
          (name, mean) -> {
            if (copied.contains(name)) {
              mean.copy_(weights.get(name));
            } else {
              mean.lerp_(weights.get(name), share);
            }
          });
    }
  }

  /** Exchanges the values of the average and of the model. */
  void swap() {
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      average.forEach(
          (name, mean) -> {
            Tensor kept = mean.clone();
            mean.copy_(weights.get(name));
            weights.get(name).copy_(kept);
          });
    }
  }

  /** Returns the average by name; shares this object's memory. */
  Map<String, Tensor> tensors() {
    return average;
  }

  @Override
  public void close() {
    average.values().forEach(Tensor::close);
    weights.values().forEach(Tensor::close);
    share.close();
  }
}
