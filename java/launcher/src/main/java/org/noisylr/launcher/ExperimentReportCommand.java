package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.List;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes reports and figures from the runs of a store. */
@Command(name = "report")
final class ExperimentReportCommand extends Subcommand {
  @Mixin private ExperimentId experiment;

  @Option(names = "--scale", paramLabel = "SCALE")
  private Scale scale;

  @Mixin private StoreOption store;

  @Override
  public Integer call() {
    Path folder = store.folder();
    if (experiment.isFigure1()) {
      print(CurveFigure.FIGURE_1.draw(new RunStore(folder), scale));
    } else if (experiment.isFigure2()) {
      if (scale != null) {
        throw new InputException("--scale has no effect on fig2");
      }
      print(ScheduleFigure.draw(folder));
    } else if (experiment.isFigure3()) {
      throw new InputException("fig3 has no report: 'experiment run fig3' draws it");
    } else {
      print(Experiment.report(folder, experiment.tables(), scale));
      if (experiment.isFigure4()) {
        drawFigure4(folder);
      }
    }
    return 0;
  }

  /** Draws the scales that have all of the figure's cells. The report shows the others too. */
  private void drawFigure4(Path folder) {
    for (Scale each :
        scale == null ? Plan.scales(folder, CurveFigure.FIGURE_4.table()) : List.of(scale)) {
      try {
        print(CurveFigure.FIGURE_4.draw(new RunStore(folder), each));
      } catch (InputException e) {
        err().println("noisylr: no picture: " + e.getMessage());
      }
    }
  }

  private void print(List<Path> files) {
    files.forEach(out()::println);
  }
}
