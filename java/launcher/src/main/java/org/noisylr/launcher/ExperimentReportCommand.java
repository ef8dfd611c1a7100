package org.noisylr.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes reports and figures from the runs of a store. */
@Command(name = "report")
final class ExperimentReportCommand extends Subcommand {
  @Mixin private ExperimentId experiment;

  @Option(names = "--scale", paramLabel = "SCALE")
  private Scale scale;

  @Option(names = "--pictures")
  private boolean pictures;

  @Mixin private MomentumFormOption momentum;
  @Mixin private StoreOption store;
  @Mixin private TitlesOption titles;

  @Override
  public Integer call() {
    Path folder = store.folder();
    if (titles.given() && !isFigure()) {
      throw new InputException(
          "--titles has no effect on " + experiment + ", which has no pictures");
    }
    if (pictures && isFigure() && !experiment.isFigure4()) {
      throw new InputException("--pictures has no effect on " + experiment);
    }
    if (experiment.isFigure1()) {
      return drawFigure1(new RunStore(folder));
    } else if (experiment.isFigure2()) {
      rejectScale();
      print(ScheduleFigure.draw(folder, titles.given()));
    } else if (experiment.isFigure3()) {
      rejectScale();
      print(List.of(figure3(folder.resolve(Figure3.ID))));
    } else {
      List<Table> tables = experiment.tables(momentum.overrides());
      print(Experiment.report(folder, experiment.toString(), tables, scale, pictures));
      if (experiment.isFigure4()) {
        draw(CurveFigure.FIGURE_4, new RunStore(folder));
      }
    }
    return 0;
  }

  private int drawFigure1(RunStore runs) {
    CurveFigure figure = CurveFigure.FIGURE_1;
    if (scale == null && figure.scales(runs).isEmpty()) {
      throw Plan.noRuns(runs.root(), figure.id(), figure.id(), null);
    }
    return draw(figure, runs) ? 0 : Noisylr.BAD_INPUT;
  }

  private boolean isFigure() {
    return experiment.isFigure1()
        || experiment.isFigure2()
        || experiment.isFigure3()
        || experiment.isFigure4();
  }

  private void rejectScale() {
    if (scale != null) {
      throw new InputException("--scale has no effect on " + experiment);
    }
  }

  /** Returns the page of figure 3, which is drawn if it does not exist. */
  private Path figure3(Path folder) {
    Path page = Figure3.page(folder);
    if (!Files.exists(page)) {
      return new Figure3Options().figure(titles.given()).write(folder, System.out);
    }
    if (titles.given()) {
      throw new InputException(
          "--titles has no effect on %s, which exists: give it to 'experiment run fig3'"
              .formatted(page));
    }
    return page;
  }

  /**
   * Draws the scales that have all of the figure's cells, and says which cells the others lack.
   *
   * @return whether a picture was drawn
   */
  private boolean draw(CurveFigure figure, RunStore runs) {
    List<Scale> scales = scale == null ? figure.scales(runs) : List.of(scale);
    boolean drawn = false;
    for (Scale each : scales) {
      try {
        print(figure.draw(runs, each, titles.given()));
        drawn = true;
      } catch (InputException e) {
        err().println("noisylr: no picture: " + e.getMessage());
      }
    }
    return drawn;
  }

  private void print(List<Path> files) {
    files.forEach(out()::println);
  }
}
