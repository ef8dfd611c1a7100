package org.noisylr.experiment.table;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.noisylr.train.run.RunFormat;

/**
 * Completes the keys of a schedule in an experiment. A schedule that lasts a number of epochs lasts
 * as long as the run; {@code final_lr} is 0, {@code power} 1 and {@code rise_fraction} 0.3, unless
 * they are set.
 */
final class ScheduleKeys {
  private static final String TYPE = "type";
  private static final String EPOCHS = "epochs";
  private static final String WARMUP_EPOCHS = "warmup_epochs";

  private ScheduleKeys() {}

  /**
   * Returns a schedule with all its keys.
   *
   * @param lr replaces the initial rate; null for the schedule's own
   * @param epochs number of epochs of the run
   * @param warmup number of epochs of a warm-up; 0 for none. It precedes the schedule, unless the
   *     schedule has a warm-up of its own, whose length it sets
   */
  static Map<String, Object> complete(Map<?, ?> given, Object lr, double epochs, double warmup) {
    Map<String, Object> keys = new LinkedHashMap<>();
    given.forEach((key, value) -> keys.put(String.valueOf(key), value));
    keys.putIfAbsent(TYPE, "const");
    boolean hasWarmup = has(String.valueOf(keys.get(TYPE)), "warmupEpochs");
    if (warmup > 0 && !hasWarmup) {
      complete(keys, lr, epochs - warmup);
      return new LinkedHashMap<>(Map.of(TYPE, "warmup", EPOCHS, warmup, "schedule", keys));
    }
    if (warmup > 0) {
      keys.put(WARMUP_EPOCHS, warmup);
    }
    complete(keys, lr, epochs);
    return keys;
  }

  private static void complete(Map<String, Object> keys, Object lr, double epochs) {
    String type = String.valueOf(keys.get(TYPE));
    switch (type) {
      case "warmup" -> completePart(keys, "schedule", lr, epochs - length(keys));
      case "sequence" -> {
        completePart(keys, "first", lr, length(keys));
        completePart(keys, "next", null, epochs - length(keys));
      }
      default -> {
        if (lr != null) {
          keys.put(has(type, "lowLr") ? "low_lr" : "lr", lr);
        }
        if (has(type, "epochs")) {
          keys.putIfAbsent(EPOCHS, epochs);
        }
        if (has(type, "finalLr")) {
          keys.putIfAbsent("final_lr", 0);
        }
        switch (type) {
          case "clr" -> keys.putIfAbsent("milestones", List.of());
          case "poly" -> keys.putIfAbsent("power", 1);
          case "one-cycle" -> keys.putIfAbsent("rise_fraction", 0.3);
          case "wsd" -> keys.putIfAbsent(WARMUP_EPOCHS, 0);
          default -> {}
        }
      }
    }
  }

  private static boolean has(String type, String field) {
    Class<?> schedule = RunFormat.schedules().get(type);
    return schedule != null
        && Stream.of(schedule.getRecordComponents()).anyMatch(c -> c.getName().equals(field));
  }

  private static void completePart(
      Map<String, Object> keys, String part, Object lr, double epochs) {
    if (keys.get(part) instanceof Map<?, ?> schedule) {
      keys.put(part, complete(schedule, lr, epochs, 0));
    }
  }

  /** Returns the epochs of the first of two parts; 0 if they are no number, found later. */
  private static double length(Map<String, Object> keys) {
    double length = number(keys.get(EPOCHS));
    return Double.isNaN(length) ? 0 : length;
  }

  /** Returns a number, which may be quoted; NaN for anything else. */
  static double number(Object value) {
    try {
      return value == null ? Double.NaN : Double.parseDouble(value.toString());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
