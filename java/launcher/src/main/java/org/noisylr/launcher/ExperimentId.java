package org.noisylr.launcher;

import java.util.List;
import java.util.Map;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import picocli.CommandLine.Parameters;

/** The experiment that a command names. */
final class ExperimentId {
  @Parameters(paramLabel = "EXPERIMENT", descriptionKey = "experiment")
  private String id;

  boolean isFigure1() {
    return id.equals(CurveFigure.FIGURE_1.id());
  }

  boolean isFigure2() {
    return id.equals(ScheduleFigure.ID);
  }

  boolean isFigure3() {
    return id.equals(Figure3.ID);
  }

  boolean isFigure4() {
    return id.equals(CurveFigure.FIGURE_4.id());
  }

  /**
   * Returns the tables that the experiment takes its runs from.
   *
   * @throws org.noisylr.check.InputException if there is no such experiment
   */
  List<Table> tables() {
    return tables(Map.of());
  }

  /**
   * Returns the tables with keys that override those of all cells.
   *
   * @throws org.noisylr.check.InputException if there is no such experiment, or a value is invalid
   */
  List<Table> tables(Map<String, Object> overrides) {
    return Table.of(isFigure1() ? CurveFigure.FIGURE_1.table() : id, overrides);
  }

  /** Returns whether the experiment uses a cell of {@link #tables}. */
  boolean uses(Cell cell) {
    return !isFigure1() || CurveFigure.FIGURE_1.cells().contains(cell.id());
  }

  @Override
  public String toString() {
    return id;
  }
}
