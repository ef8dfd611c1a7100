package org.noisylr.launcher;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.job.JobPrograms;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.plan.Shard;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.Cpu;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** Trains the runs of an experiment. */
@Command(name = "run")
final class ExperimentRunCommand extends Subcommand {
  private static final int MAX_DEFAULT_JOBS = 8;

  /** The options that determine what is trained. */
  private static final Set<String> PLANNING =
      Set.of("--scale", "--only", "--data-override", "--seeds", "--momentum-form", "--backbone");

  @Mixin private ExperimentId experiment;

  @Option(names = "--scale", paramLabel = "SCALE", defaultValue = "full")
  private Scale scale;

  @Option(names = "--only", paramLabel = "GLOB")
  private List<String> only = List.of();

  @Option(names = "--data-override", paramLabel = "NAME=PATH")
  private List<String> overrides = List.of();

  @Option(names = "--seeds", paramLabel = "N")
  private Integer seeds;

  @Option(names = "--jobs", paramLabel = "N")
  private Integer jobs;

  @Mixin private DeviceOption device;

  @Option(names = "--shard", paramLabel = "I/N", defaultValue = "1/1")
  private String shard;

  @Mixin private ThreadsOption threads;

  @Option(names = "--capture")
  private boolean capture;

  @Mixin private MomentumFormOption momentum;

  @Option(names = "--backbone", paramLabel = "FILE")
  private Path backbone;

  @ArgGroup(exclusive = false, heading = "For fig3:%n")
  private Figure3Options figure3 = new Figure3Options();

  @Mixin private StoreOption store;
  @Mixin private TitlesOption titles;
  @Mixin private QuietOption quiet;

  @Override
  public Integer call() {
    checkOptions();
    if (experiment.isFigure2()) {
      ScheduleFigure.draw(store.folder(), titles.given()).forEach(System.out::println);
      return 0;
    }
    if (experiment.isFigure3()) {
      Path folder = store.folder().resolve(Figure3.ID);
      System.out.println(figure3.figure(titles.given()).write(folder, quiet.progress()));
      return 0;
    }
    return train(experiment.isFigure1() ? CurveFigure.FIGURE_1.cells() : only);
  }

  private int train(List<String> cells) {
    List<Table> tables = experiment.tables(momentum.overrides());
    int threadCount = threads.orElse(() -> 1);
    Shard part = Shard.parse(shard);
    String deviceName = device.name(err(), 0);
    Planner planner =
        new Planner(
            scale,
            seeds,
            parsedOverrides(),
            Options.absolute(backbone),
            deviceName,
            threadCount,
            capture);
    PrintStream console = quiet.progress();
    boolean succeeded;
    try (GracefulShutdown shutdown = new GracefulShutdown(true);
        StopSignal.Work work = shutdown.signal().work()) {
      JobPrograms programs = ExperimentWorkerCommand.programs(store.folder());
      Experiment run =
          new Experiment(store.folder(), programs, shutdown.signal(), console, quiet.errors());
      succeeded =
          Options.named(
              Map.of("capture", "--capture"),
              () ->
                  run.run(planner, tables, cells, planningCommand(), part, processes(deviceName)));
      if (shutdown.signal().isRequested()) {
        return reportStopped("stopped");
      }
    }
    console.printf(
        "for the report: %s experiment report %s --scale %s%s --out %s%n",
        program(),
        quoted(experiment.toString()),
        scale,
        momentum.argument(),
        quoted(store.folder()));
    return succeeded ? 0 : Noisylr.RUN_FAILED;
  }

  /** Returns the command with the options that determine what is trained. */
  private String planningCommand() {
    StringBuilder command =
        new StringBuilder("noisylr experiment run " + quoted(experiment.toString()));
    for (OptionSpec option : spec().commandLine().getParseResult().matchedOptions()) {
      if (PLANNING.contains(option.longestName())) {
        option
            .originalStringValues()
            .forEach(value -> command.append(" " + option.longestName() + " " + quoted(value)));
      }
    }
    return command.toString();
  }

  private int processes(String deviceName) {
    if (jobs != null) {
      return jobs;
    }
    return deviceName.equals("cpu") ? Math.min(MAX_DEFAULT_JOBS, Cpu.processors()) : 1;
  }

  /** Rejects options that have no effect on the experiment. */
  private void checkOptions() {
    for (OptionSpec option : spec().commandLine().getParseResult().matchedOptions()) {
      String name = option.longestName();
      boolean ofFigure3 = Figure3Options.NAMES.contains(name);
      if (!List.of("--out", "--quiet", "--titles").contains(name)
          && (experiment.isFigure2() || ofFigure3 != experiment.isFigure3())) {
        throw new InputException(name + " has no effect on " + experiment);
      }
      if (name.equals("--titles") && !experiment.isFigure2() && !experiment.isFigure3()) {
        throw new InputException("--titles has no effect on training: give it to 'report'");
      }
      if (name.equals("--only") && experiment.isFigure1()) {
        throw new InputException("--only has no effect on fig1, which has four cells");
      }
    }
  }

  private Map<String, String> parsedOverrides() {
    Map<String, String> parsed = new LinkedHashMap<>();
    for (String override : overrides) {
      int sign = override.indexOf('=');
      if (sign < 1 || sign == override.length() - 1) {
        throw Check.invalid(
            "--data-override", override, "NAME=PATH, cifar10=images.zip for instance");
      }
      String name = override.substring(0, sign);
      if (parsed.put(name, override.substring(sign + 1)) != null) {
        throw new InputException("--data-override must name " + name + " once, but repeats it");
      }
    }
    return parsed;
  }
}
