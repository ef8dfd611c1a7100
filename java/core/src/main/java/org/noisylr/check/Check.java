package org.noisylr.check;

/**
 * Validation of configuration values. Each method returns its value or throws an {@link
 * InputException} that names the field, the value and what is allowed.
 */
public final class Check {
  private Check() {}

  /** Requires a finite number greater than 0. */
  public static double positive(String field, double value) {
    return require(finite(field, value) > 0, field, value, "greater than 0");
  }

  /** Requires a finite number, 0 or greater. */
  public static double nonNegative(String field, double value) {
    return require(finite(field, value) >= 0, field, value, "at least 0");
  }

  /** Requires a finite number. */
  public static double finite(String field, double value) {
    return require(Double.isFinite(value), field, value, "finite");
  }

  /** Requires a number in the closed interval [low, high]. */
  public static double within(String field, double value, double low, double high) {
    return require(value >= low && value <= high, field, value, "in [" + low + ", " + high + "]");
  }

  /** Requires a finite number, {@code low} or greater. */
  public static double atLeast(String field, double value, double low) {
    return require(finite(field, value) >= low, field, value, "at least " + low);
  }

  /** Requires a finite number greater than {@code low}. */
  public static double greater(String field, double value, double low) {
    return require(finite(field, value) > low, field, value, "greater than " + low);
  }

  /** Requires an integer, {@code low} or greater. */
  public static long atLeast(String field, long value, long low) {
    if (value < low) {
      throw invalid(field, value, "at least " + low);
    }
    return value;
  }

  /** Requires an integer in the closed interval [low, high]. */
  public static long within(String field, long value, long low, long high) {
    if (value < low || value > high) {
      throw invalid(field, value, "in [" + low + ", " + high + "]");
    }
    return value;
  }

  /** Requires a value other than null. */
  public static <T> T required(String field, T value) {
    if (value == null) {
      throw InputException.of(field, "is required");
    }
    return value;
  }

  /**
   * Returns the error {@code FIELD must be ALLOWED, but is VALUE}, for conditions that this class
   * does not check.
   */
  public static InputException invalid(String field, Object value, String allowed) {
    return InputException.of(field, "must be " + allowed + ", but is " + value);
  }

  private static double require(boolean ok, String field, double value, String allowed) {
    if (!ok) {
      throw invalid(field, value, allowed);
    }
    return value;
  }
}
