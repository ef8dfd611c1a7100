package org.noisylr.train.data;

import java.util.Arrays;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled texts of one length as tokens, in the memory of the JVM. The arrays are not copied:
 * whoever makes a set hands them over and no longer changes them.
 *
 * @param tokens {@code [N, T]}: texts one after the other, values in [0, inf)
 * @param labels {@code [N]}, class indices in [0, inf)
 * @param length T, the tokens of a text, in [1, inf)
 */
public record TextSet(int[] tokens, int[] labels, int length) {
  /**
   * Validates the values.
   *
   * @throws InputException if the length, a token or a label is out of range, there is no text, or
   *     {@code tokens} has not {@code N·T} values
   */
  public TextSet {
    Check.atLeast("length", length, 1);
    Check.atLeast("number of texts", labels.length, 1);
    if ((long) labels.length * length != tokens.length) {
      throw new InputException(
          "tokens must have %d x %d values, but has %d"
              .formatted(labels.length, length, tokens.length));
    }
    for (int token : tokens) {
      Check.atLeast("token", token, 0);
    }
    for (int label : labels) {
      Check.atLeast("label", label, 0);
    }
  }

  /** N, the number of texts. */
  public int count() {
    return labels.length;
  }

  /**
   * The first {@code n} texts, in stored order.
   *
   * @param n in [1, {@link #count}]
   * @throws InputException if {@code n} is outside that interval
   */
  public TextSet first(int n) {
    Check.within("number of texts", n, 1, count());
    if (n == count()) {
      return this;
    }
    return new TextSet(Arrays.copyOf(tokens, n * length), Arrays.copyOf(labels, n), length);
  }
}
