package org.noisylr.train.data;

import org.noisylr.check.Check;

/** Class indices as files hold them. */
final class Labels {
  private Labels() {}

  /** Refuses a label that has no class; {@code where} names the file or set. */
  static void check(String where, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw Check.invalid(
            where + ": label number " + i, labels[i], "in [0, " + (classes - 1) + "]");
      }
    }
  }
}
