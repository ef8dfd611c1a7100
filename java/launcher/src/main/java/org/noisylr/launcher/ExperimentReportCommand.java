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
  @Mixin private TitlesOption titles;

  @Override
  public Integer call() {
    Path folder = store.folder();
    if (titles.given() && !isFigure()) {
      throw new InputException(
          "--titles has no effect on " + experiment + ", which has no pictures");
    }
    if (experiment.isFigure1()) {
      print(CurveFigure.FIGURE_1.draw(new RunStore(folder), scale, titles.given()));
    } else if (experiment.isFigure2()) {
      rejectScale();
      print(ScheduleFigure.draw(folder, titles.given()));
    } else if (experiment.isFigure3()) {
      rejectScale();
      print(List.of(figure3(folder.resolve(Figure3.ID))));
    } else {
      print(Experiment.report(folder, experiment.toString(), experiment.tables(), scale));
      if (experiment.isFigure4()) {
        drawFigure4(folder);
      }
    }
    return 0;
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

  /** Draws the scales that have all of the figure's cells. The report shows the others too. */
  private void drawFigure4(Path folder) {
    for (Scale each :
        scale == null ? Plan.scales(folder, CurveFigure.FIGURE_4.table()) : List.of(scale)) {
      try {
        print(CurveFigure.FIGURE_4.draw(new RunStore(folder), each, titles.given()));
      } catch (InputException e) {
        err().println("noisylr: no picture: " + e.getMessage());
      }
    }
  }

  private void print(List<Path> files) {
    files.forEach(out()::println);
  }
}
