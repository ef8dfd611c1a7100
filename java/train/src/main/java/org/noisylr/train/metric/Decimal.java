package org.noisylr.train.metric;

import com.fasterxml.jackson.core.io.NumberOutput;

/** Formats numbers. */
public final class Decimal {
  private Decimal() {}

  /**
   * Returns the shortest decimal number that parses to the same double, on every Java version.
   * Before Java 19, {@code Double.toString} is sometimes longer.
   */
  public static String shortest(double value) {
    return NumberOutput.toString(value, true);
  }
}
