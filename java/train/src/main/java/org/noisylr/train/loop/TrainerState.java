package org.noisylr.train.loop;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.InputException;

/**
 * The state of a trainer in its parts, each by name.
 *
 * @param model parameters and buffers
 * @param optimizer the optimizer's state
 * @param average the moving average of the model's part; empty if there is none
 * @param progress the progress of an unfinished epoch; empty between epochs
 */
record TrainerState(
    Map<String, Tensor> model,
    Map<String, Tensor> optimizer,
    Map<String, Tensor> average,
    Map<String, Tensor> progress) {
  private static final String MODEL = "model.";
  private static final String OPTIMIZER = "optimizer.";
  private static final String AVERAGE = "ema.";
  private static final String PROGRESS = "epoch.";

  /** Returns the parts in one map: each name starts with that of its part. */
  Map<String, Tensor> joined() {
    Map<String, Tensor> joined = new LinkedHashMap<>();
    model.forEach((name, tensor) -> joined.put(MODEL + name, tensor));
    optimizer.forEach((name, tensor) -> joined.put(OPTIMIZER + name, tensor));
    average.forEach((name, tensor) -> joined.put(AVERAGE + name, tensor));
    progress.forEach((name, tensor) -> joined.put(PROGRESS + name, tensor));
    return joined;
  }

  /** Splits a map from {@link #joined}. */
  static TrainerState split(Map<String, Tensor> joined) {
    TrainerState state =
        new TrainerState(
            part(joined, MODEL),
            part(joined, OPTIMIZER),
            part(joined, AVERAGE),
            part(joined, PROGRESS));
    Set<String> known = state.joined().keySet();
    for (String name : joined.keySet()) {
      if (!known.contains(name)) {
        throw new InputException("the checkpoint has an unknown tensor '" + name + "'");
      }
    }
    return state;
  }

  private static Map<String, Tensor> part(Map<String, Tensor> joined, String prefix) {
    Map<String, Tensor> part = new LinkedHashMap<>();
    joined.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            part.put(name.substring(prefix.length()), tensor);
          }
        });
    return part;
  }

  /**
   * Checks that the model's part and its average have the names, shapes and types of a model's
   * tensors.
   *
   * @throws InputException if they have not
   */
  void checkModel(Map<String, Tensor> expected, boolean averages) {
    check(MODEL, model, expected);
    check(AVERAGE, average, averages ? expected : Map.of());
  }

  private static void check(String prefix, Map<String, Tensor> part, Map<String, Tensor> expected) {
    part.forEach(
        (name, tensor) -> {
          Tensor target = expected.get(name);
          if (target == null || !sameForm(target, tensor)) {
            throw new InputException(
                "the checkpoint's tensor '%s' does not match the model".formatted(prefix + name));
          }
        });
    if (part.size() != expected.size()) {
      throw new InputException(
          "the checkpoint has %d of the model's %d tensors"
              .formatted(part.size(), expected.size()));
    }
  }

  /** Returns whether the progress has the names, shapes and types of these tensors. */
  boolean hasProgress(Map<String, Tensor> expected) {
    return progress.keySet().equals(expected.keySet())
        && expected.entrySet().stream()
            .allMatch(entry -> sameForm(entry.getValue(), progress.get(entry.getKey())));
  }

  private static boolean sameForm(Tensor a, Tensor b) {
    return Arrays.equals(a.shape(), b.shape())
        && a.scalar_type().intern() == b.scalar_type().intern();
  }
}
