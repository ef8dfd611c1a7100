package org.noisylr.torch.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Training on one batch, which every model must be able to learn by heart. */
final class Learning {
  private Learning() {}

  private static final boolean LONG = "long".equals(System.getProperty("reliability"));

  /**
   * Asserts that Adam at 0.002 takes the cross-entropy below a bound within 300 steps: {@code
   * bound} in the long form ({@code -Dreliability=long}), 0.5 in the short one. The number of steps
   * depends on the processor's rounding.
   */
  static void assertLearns(Model model, Tensor input, Tensor targets, double bound) {
    double wanted = LONG ? bound : 0.5;
    double loss = Double.POSITIVE_INFINITY;
    try (Adam adam = new Adam(model.parameters(), new AdamOptions(2e-3))) {
      for (int step = 0; step < 300 && !(loss < wanted); step++) {
        try (PointerScope scope = new PointerScope()) {
          adam.zero_grad();
          Tensor value = torch.cross_entropy(model.forward(input), targets);
          value.backward();
          adam.step();
          loss = value.item_double();
        }
      }
    }
    assertThat(loss).isLessThan(wanted);
  }
}
