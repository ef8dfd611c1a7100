package org.noisylr.experiment.table;

/**
 * Two cells that are compared. For a table of the paper, the paper reports the second as better, or
 * in a few cases as worse.
 *
 * @param base usually without noise
 * @param noisy with noise
 */
public record CellComparison(Cell base, Cell noisy) {
  /**
   * Returns the paper's number of the noisy cell minus that of the base, in percentage points; NaN
   * if a number is missing.
   */
  public double paperDifference() {
    return base.paper() == null || noisy.paper() == null
        ? Double.NaN
        : noisy.paper().mean() - base.paper().mean();
  }

  private boolean sameRow() {
    return base.row().equals(noisy.row());
  }

  /** Returns what distinguishes the base: its column or its row. */
  public String baseName() {
    return sameRow() ? base.column() : base.row();
  }

  /** Returns what distinguishes the noisy cell: its column or its row. */
  public String noisyName() {
    return sameRow() ? noisy.column() : noisy.row();
  }

  /** Returns both names, and what the cells have in common. */
  public String name() {
    String names = noisyName() + " against " + baseName();
    if (sameRow()) {
      return noisy.row() + ": " + names;
    }
    return noisy.column().isEmpty() ? names : names + ", " + noisy.column();
  }
}
