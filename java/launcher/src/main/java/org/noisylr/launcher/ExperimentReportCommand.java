package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes reports and figures from the runs of a store. */
@Command(
    name = "report",
    description =
        "Write the paper's numbers beside those of the runs: report.html, CSV files, pictures.")
final class ExperimentReportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private ExperimentId experiment;

  @Option(
      names = "--scale",
      paramLabel = "SCALE",
      description = "full, half, tiny or smoke; default: every scale that was run.")
  private Scale scale;

  @Mixin private StoreOption store;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    files().forEach(out::println);
    out.flush();
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
