package org.noisylr.experiment.text;

import java.math.BigDecimal;
import java.math.MathContext;

/** Numbers for readers: without an exponent and without needless zeros, {@code 0.0001} or 8. */
public final class PlainNumber {
  private PlainNumber() {}

  /** Returns all digits of a finite number. */
  public static String of(double value) {
    return text(BigDecimal.valueOf(value));
  }

  /** Returns a finite number, rounded to {@code digits} significant digits. */
  public static String rounded(double value, int digits) {
    return text(BigDecimal.valueOf(value).round(new MathContext(digits)));
  }

  /** Returns a finite number and what it counts: {@code 1 epoch}, {@code 2.5 epochs}. */
  public static String of(double value, String noun) {
    return of(value) + " " + noun + (value == 1 ? "" : "s");
  }

  private static String text(BigDecimal value) {
    return value.stripTrailingZeros().toPlainString();
  }
}
