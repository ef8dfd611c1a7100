package org.noisylr.train.data;

import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled examples in the memory of the JVM. The arrays are not copied: the creator of a set must
 * not change them afterwards.
 */
public sealed interface ExampleSet permits ImageSet, SegmentationSet, TextSet {
  /** N, the number of examples. */
  int count();

  /**
   * Returns the first examples in stored order.
   *
   * @param n in [1, {@link #count}]
   * @throws InputException if {@code n} is outside that interval
   */
  ExampleSet first(int n);

  /**
   * Checks that a number of examples is in [1, {@link #count}].
   *
   * @param field the number's name in the error
   * @throws InputException if it is not
   */
  default void checkCount(String field, int n) {
    Check.within(field, n, 1, count());
  }
}
