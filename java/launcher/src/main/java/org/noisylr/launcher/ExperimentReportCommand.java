package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
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
    files().forEach(out()::println);
    return 0;
  }

  private List<Path> files() {
    Path folder = store.folder();
    if (experiment.isFigure1()) {
      return CurveFigure.FIGURE_1.draw(new RunStore(folder), scale);
    }
    if (experiment.isFigure2()) {
      return ScheduleFigure.draw(folder);
    }
    if (experiment.isFigure3()) {
      throw new InputException("fig3 has no report: 'experiment run fig3' draws it");
    }
    List<Path> files = new ArrayList<>(Experiment.report(folder, experiment.tables(), scale));
    if (experiment.isFigure4()) {
      files.addAll(CurveFigure.FIGURE_4.draw(new RunStore(folder), scale));
    }
    return files;
  }
}
