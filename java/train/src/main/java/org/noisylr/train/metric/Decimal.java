package org.noisylr.train.metric;

import com.fasterxml.jackson.core.io.NumberOutput;

/** Numbers as text. */
public final class Decimal {
  private Decimal() {}

  /**
   * The shortest decimal number that reads back as the same double, on every Java version: before
   * 19, {@code Double.toString} is sometimes longer.
   */
  public static String shortest(double value) {
    return NumberOutput.toString(value, true);
  }
}
