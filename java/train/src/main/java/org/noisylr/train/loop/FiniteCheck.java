package org.noisylr.train.loop;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.Tensors;

/**
 * Checks that the state of a trainer remains finite. The loss does not show NaN from the last step
 * or in unused weights.
 */
final class FiniteCheck {
  /** The names of tensors with infinite values from the start, such as masks. */
  private final Set<String> exceptions;

  FiniteCheck(Map<String, Tensor> start) {
    exceptions =
        start.entrySet().stream()
            .filter(entry -> !Tensors.isFinite(entry.getValue()))
            .map(Map.Entry::getKey)
            .collect(Collectors.toSet());
  }

  /**
   * Checks the state after an epoch.
   *
   * @throws DivergedException if a tensor that was finite at the start is not
   */
  void check(Map<String, Tensor> state, EpochSteps steps, double lr) {
    try (PointerScope scope = new PointerScope()) {
      state.forEach(
          (name, tensor) -> {
            if (!exceptions.contains(name) && !Tensors.isFinite(tensor)) {
              String value = tensor.isnan().any().item_bool() ? "NaN" : "infinite";
              throw new DivergedException(name, value, steps.epoch(), steps.last(), lr);
            }
          });
    }
  }
}
