package org.noisylr.experiment.table;

/**
 * Two cells of which the paper says that the second is better, or at times worse.
 *
 * @param base without noise
 * @param noisy with noise
 */
public record Pair(Cell base, Cell noisy) {
  /** The paper's noisy number less its number without, in points of per cent. */
  public double paperDifference() {
    return noisy.paper().mean() - base.paper().mean();
  }

  /** What the first is called beside the second. */
  public String baseName() {
    return base.row().equals(noisy.row()) ? base.column() : base.row();
  }

  /** What the second is called beside the first. */
  public String noisyName() {
    return base.row().equals(noisy.row()) ? noisy.column() : noisy.row();
  }

  /** What distinguishes the two in words, row or column. */
  public String name() {
    String sides =
        base.row().equals(noisy.row())
            ? noisy.row() + ": " + noisy.column() + " against " + base.column()
            : noisy.row() + " against " + base.row();
    return base.row().equals(noisy.row()) ? sides : sides + ", " + noisy.column();
  }
}
