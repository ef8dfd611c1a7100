package org.noisylr.experiment.table;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Completes the keys of a schedule in an experiment, with the defaults of the options of {@code
 * train}. A schedule that lasts a number of epochs lasts as long as the run.
 */
final class ScheduleKeys {
  private static final String TYPE = "type";
  private static final String EPOCHS = "epochs";
  private static final Set<String> WITH_EPOCHS = Set.of("cosine", "poly", "one-cycle", "wsd");
  private static final Set<String> WITH_FINAL_LR =
      Set.of("cosine", "poly", "one-cycle", "wsd", "wr");

  private ScheduleKeys() {}

  /**
   * Returns a schedule with all its keys.
   *
   * @param lr replaces the initial rate; null for the schedule's own
   * @param epochs number of epochs of the schedule
   */
  static Map<String, Object> complete(Map<?, ?> given, Object lr, double epochs) {
    Map<String, Object> keys = new LinkedHashMap<>();
    given.forEach((key, value) -> keys.put(String.valueOf(key), value));
    keys.putIfAbsent(TYPE, "const");
    String type = String.valueOf(keys.get(TYPE));
    switch (type) {
      case "warmup" -> completePart(keys, "schedule", lr, epochs - length(keys));
      case "sequence" -> {
        completePart(keys, "first", lr, length(keys));
        completePart(keys, "next", null, epochs - length(keys));
      }
      default -> {
        if (lr != null) {
          keys.put(type.equals("clr") ? "low_lr" : "lr", lr);
        }
        if (WITH_EPOCHS.contains(type)) {
          keys.putIfAbsent(EPOCHS, epochs);
        }
        if (WITH_FINAL_LR.contains(type)) {
          keys.putIfAbsent("final_lr", 0);
        }
        if (type.equals("clr")) {
          keys.putIfAbsent("milestones", List.of());
        } else if (type.equals("poly")) {
          keys.putIfAbsent("power", 1);
        } else if (type.equals("one-cycle")) {
          keys.putIfAbsent("rise_fraction", 0.3);
        }
      }
    }
    return keys;
  }

  private static void completePart(
      Map<String, Object> keys, String part, Object lr, double epochs) {
    if (keys.get(part) instanceof Map<?, ?> schedule) {
      keys.put(part, complete(schedule, lr, epochs));
    }
  }

  /**
   * Returns the epochs of the first of two parts; 0 if they are no number, an error found later.
   */
  private static double length(Map<String, Object> keys) {
    return keys.get(EPOCHS) instanceof Number number ? number.doubleValue() : 0;
  }
}
