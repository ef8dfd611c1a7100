package org.noisylr.train.data;

import java.lang.reflect.Array;
import java.util.stream.IntStream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Labelled examples in the memory of the JVM. The arrays are not copied: the creator of a set must
 * not change them afterwards.
 */
public sealed interface ExampleSet permits ImageSet, SegmentationSet, TextSet {
  /** Returns {@code [N]}: the class of each example; 0 if it has no single one. */
  int[] labels();

  /** N, the number of examples. */
  default int count() {
    return labels().length;
  }

  /**
   * Returns examples in another order or number.
   *
   * @param indices in [0, {@link #count})
   */
  ExampleSet select(int[] indices);

  /**
   * Copies rows of a matrix.
   *
   * @param values an array of a primitive type, {@code [N, size]}
   * @param indices of the rows
   */
  static <A> A rows(A values, int size, int[] indices) {
    @SuppressWarnings("unchecked")
    A rows = (A) Array.newInstance(values.getClass().getComponentType(), size * indices.length);
    for (int i = 0; i < indices.length; i++) {
      System.arraycopy(values, indices[i] * size, rows, i * size, size);
    }
    return rows;
  }

  /** Returns the indices of the first examples, for {@link #select}. */
  static int[] first(int n) {
    return IntStream.range(0, n).toArray();
  }

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
