package org.noisylr.experiment.table;

/**
 * A number of a table, and how it is obtained.
 *
 * @param id {@code TABLE/ROW/COLUMN}
 * @param row the row's name
 * @param column the column's name; empty if the experiment has no columns
 * @param settings how it is trained
 * @param paper what the paper prints; null for an experiment of one's own
 * @param inferred what is uncertain about the paper's number; null if nothing is
 */
public record Cell(
    String id, String row, String column, Settings settings, PaperValue paper, String inferred) {
  /** Returns row and column. */
  public String name() {
    return column.isEmpty() ? row : row + ", " + column;
  }

  /** Returns the id of the table. */
  public String table() {
    return id.substring(0, id.indexOf('/'));
  }
}
