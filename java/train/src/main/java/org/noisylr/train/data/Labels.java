package org.noisylr.train.data;

import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/** Checks of class indices as files store them. */
public final class Labels {
  private Labels() {}

  /**
   * Checks that there are labels and none is negative.
   *
   * @param examples what is labelled, for the message: {@code images}
   * @throws InputException if there is no label, or one is negative
   */
  static void check(String examples, int[] labels) {
    Check.atLeast("number of " + examples, labels.length, 1);
    for (int label : labels) {
      Check.atLeast("label", label, 0);
    }
  }

  /**
   * Checks that every label is the index of a class.
   *
   * @param where the file or set, for the message
   * @throws InputException if a label is not in [0, classes)
   */
  public static void check(String where, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw Check.invalid(
            where + ": label number " + i, labels[i], "in [0, " + (classes - 1) + "]");
      }
    }
  }

  /**
   * Checks that every value of a segmentation mask is the index of a class or {@link
   * SegmentationSet#VOID}.
   *
   * @param where the file or set, for the message
   * @throws InputException if a value is neither
   */
  public static void checkMask(String where, byte[] mask, int classes) {
    for (byte value : mask) {
      if (value != SegmentationSet.VOID && (value & 0xff) >= classes) {
        throw Check.invalid(where, value & 0xff, "in [0, " + (classes - 1) + "] or 255");
      }
    }
  }
}
