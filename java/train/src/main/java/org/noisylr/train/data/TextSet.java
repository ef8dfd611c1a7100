package org.noisylr.train.data;

import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled texts of one length as tokens.
 *
 * @param tokens {@code [N, T]} contiguous, values in [0, inf)
 * @param labels {@code [N]}, class indices in [0, inf)
 * @param length T, the number of tokens of a text, at least 1
 */
public record TextSet(int[] tokens, int[] labels, int length) implements ExampleSet {
  /**
   * Validates the values.
   *
   * @throws InputException if the length, a token or a label is out of range, there is no text, or
   *     {@code tokens} does not have {@code N·T} values
   */
  public TextSet {
    Check.atLeast("length", length, 1);
    Labels.check("texts", labels);
    if ((long) labels.length * length != tokens.length) {
      throw new InputException(
          "tokens must have %d x %d values, but have %d"
              .formatted(labels.length, length, tokens.length));
    }
    for (int token : tokens) {
      Check.atLeast("token", token, 0);
    }
  }

  @Override
  public TextSet select(int[] indices) {
    return new TextSet(
        ExampleSet.rows(tokens, length, indices), ExampleSet.rows(labels, 1, indices), length);
  }
}
