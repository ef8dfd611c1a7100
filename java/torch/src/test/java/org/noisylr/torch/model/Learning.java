package org.noisylr.torch.model;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Training on one batch, which every model must be able to learn by heart. */
final class Learning {
  private Learning() {}

  /**
   * Trains with Adam at 0.002 until the cross-entropy is below {@code enough}, for at most 300
   * steps: the number depends on the processor's rounding. Returns the last cross-entropy.
   */
  static double loss(Model model, Tensor input, Tensor targets, double enough) {
    double loss = Double.POSITIVE_INFINITY;
    try (Adam adam = new Adam(model.parameters(), new AdamOptions(2e-3))) {
      for (int step = 0; step < 300 && !(loss < enough); step++) {
        try (PointerScope scope = new PointerScope()) {
          adam.zero_grad();
          Tensor value = torch.cross_entropy(model.forward(input), targets);
          value.backward();
          adam.step();
          loss = value.item_double();
        }
      }
    }
    return loss;
  }
}
