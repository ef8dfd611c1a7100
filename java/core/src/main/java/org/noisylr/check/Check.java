package org.noisylr.check;

/**
 * Validation of configuration values. Each method returns its value or throws an {@link
 * InputException} that names the field, the value and the allowed interval.
 */
public final class Check {
  private Check() {}

  /** A finite number in (0, inf). */
  public static double positive(String field, double value) {
    return require(value > 0 && value < Double.POSITIVE_INFINITY, field, value, "(0, inf)");
  }

  /** A finite number in [0, inf). */
  public static double nonNegative(String field, double value) {
    return require(value >= 0 && value < Double.POSITIVE_INFINITY, field, value, "[0, inf)");
  }

  /** A finite number. */
  public static double finite(String field, double value) {
    return require(Double.isFinite(value), field, value, "(-inf, inf)");
  }

  /** A number in the closed interval [low, high]. */
  public static double within(String field, double value, double low, double high) {
    return require(value >= low && value <= high, field, value, "[" + low + ", " + high + "]");
  }

  /** A finite number in [low, inf). */
  public static double atLeast(String field, double value, double low) {
    return require(
        value >= low && value < Double.POSITIVE_INFINITY, field, value, "[" + low + ", inf)");
  }

  /** An integer in [low, inf). */
  public static long atLeast(String field, long value, long low) {
    if (value < low) {
      throw outside(field, value, "[" + low + ", inf)");
    }
    return value;
  }

  /** An integer in [low, high]. */
  public static long within(String field, long value, long low, long high) {
    if (value < low || value > high) {
      throw outside(field, value, "[" + low + ", " + high + "]");
    }
    return value;
  }

  /** Anything but null. */
  public static <T> T given(String field, T value) {
    if (value == null) {
      throw InputException.of(field, "must be given, but is not");
    }
    return value;
  }

  /** An error for a value outside its allowed range, for ranges that no method here describes. */
  public static InputException outside(String field, Object value, String allowed) {
    return InputException.of(field, "must be in " + allowed + ", but is " + value);
  }

  private static double require(boolean ok, String field, double value, String allowed) {
    if (!ok) {
      throw outside(field, value, allowed);
    }
    return value;
  }
}
