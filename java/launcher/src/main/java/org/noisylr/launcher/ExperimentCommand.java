package org.noisylr.launcher;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.figure.ScheduleFigure;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.surface.Algorithm;
import org.noisylr.experiment.surface.Figure3;
import org.noisylr.experiment.surface.Surface;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.run.Cpu;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The paper's experiments. */
@Command(
    name = "experiment",
    description = "List, show, run and report the paper's experiments.",
    subcommands = {
      ExperimentCommand.ListCommand.class,
      ExperimentCommand.Show.class,
      ExperimentCommand.RunCommand.class,
      ExperimentCommand.Report.class,
      ExperimentCommand.WorkerCommand.class
    })
final class ExperimentCommand implements Callable<Integer> {
  private static final String FIGURE_3 = "fig3";

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Missing subcommand: list, show, run or report");
  }

  /** The experiment that a command is about. */
  static final class Id {
    @Parameters(
        paramLabel = "ID",
        description = "table1 ... table7, fig4, all of these as all; or fig1, fig2, fig3.")
    private String id;
  }

  /** What figure 3 can vary. */
  static final class Fig3Options {
    @Option(
        names = "--alpha",
        paramLabel = "A",
        defaultValue = "8",
        description = "The noise is A * U(0,1), drawn in each step; default ${DEFAULT-VALUE}.")
    private double alpha;

    @Option(
        names = "--well-a",
        paramLabel = "A",
        defaultValue = "3",
        description = "Depth of the well at (-1, 0); default ${DEFAULT-VALUE}.")
    private double a;

    @Option(
        names = "--well-b",
        paramLabel = "B",
        defaultValue = "2",
        description = "Depth of the well at (1, 0); default ${DEFAULT-VALUE}.")
    private double b;

    @Option(
        names = "--well-d",
        paramLabel = "D",
        defaultValue = "0.5",
        description = "Width of both wells; default ${DEFAULT-VALUE}.")
    private double d;

    @Option(
        names = "--starts",
        paramLabel = "N",
        defaultValue = "1000",
        description = "Starts for the shares of basins; default ${DEFAULT-VALUE}.")
    private int starts;

    @Option(
        names = "--seed",
        paramLabel = "S",
        defaultValue = "1",
        description = "Seed of starts and noise; default ${DEFAULT-VALUE}.")
    private long seed;

    Figure3 figure() {
      return Options.named(
          Map.of(
              "a", "--well-a",
              "b", "--well-b",
              "d", "--well-d",
              "alpha", "--alpha",
              "starts", "--starts"),
          () -> new Figure3(new Surface.TwoWells(a, b, d), alpha, starts, seed));
    }
  }

  /** The folder of runs and reports. */
  static final class Out {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        defaultValue = "runs/experiments",
        description = "The store of runs and reports; default ${DEFAULT-VALUE}.")
    private Path folder;
  }

  @Command(name = "list", description = "The experiments and their sizes.")
  static final class ListCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      String row = "%-8s %6s %6s  %s%n";
      out.printf(row, "id", "cells", "runs", "what, and the data it needs");
      for (Table table : Table.of(Table.ALL)) {
        out.printf(
            row,
            table.id(),
            table.cells().size(),
            table.cells().stream().mapToInt(cell -> cell.settings().seeds()).sum(),
            table.title()
                + ": "
                + table.cells().stream()
                    .map(cell -> cell.settings().data())
                    .distinct()
                    .collect(Collectors.joining(", ")));
      }
      out.printf(row, "fig1", "", "", "Curves of SD and CLR, plain and noisy: 12 runs of table1");
      out.printf(row, ScheduleFigure.ID, "", "", "Step decay with bounded noise; needs no runs");
      out.printf(row, FIGURE_3, "", "", "Paths of optimizers without and with noise, and basins");
      out.flush();
      return 0;
    }
  }

  @Command(
      name = "show",
      description = "What an experiment trains, cell by cell, and what was chosen for it.")
  static final class Show implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private Id id;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      if (id.id.equals(FIGURE_3)) {
        for (Surface surface : Surface.all(Surface.TwoWells.PAPER)) {
          out.printf("%s: f = %s%n  %s%n", surface.id(), surface.formula(), surface.remark());
          for (Algorithm algorithm : Algorithm.values()) {
            out.printf("  %s at %s%n", algorithm.title(), surface.rateText(algorithm));
          }
        }
        out.flush();
        return 0;
      }
      if (id.id.equals(ScheduleFigure.ID)) {
        out.println("fig2: drawn by 'experiment report fig2', without runs");
        out.flush();
        return 0;
      }
      boolean figure1 = id.id.equals(CurveFigure.FIGURE_1.id());
      String shown = figure1 ? CurveFigure.FIGURE_1.table() : id.id;
      for (Table table : Table.of(shown)) {
        out.printf("%s: %s%n", table.id(), table.title());
        table.cells().stream()
            .filter(cell -> !figure1 || CurveFigure.FIGURE_1.cells().contains(cell.id()))
            .forEach(
                cell ->
                    out.printf(
                        "  %s: %s; paper %s%s%n",
                        cell.id(),
                        cell.settings().describe(),
                        cell.paper(),
                        cell.inferred() == null ? "" : " (" + cell.inferred() + ")"));
        out.println("  choices where the paper is silent:");
        table.choices().forEach(c -> out.printf("  - %s: %s%n", c.choice(), c.reason()));
      }
      out.println("schedules at full scale, where a cell does not say from which rate:");
      Table.schedules(shown).forEach((name, text) -> out.printf("  %s: %s%n", name, text));
      out.println("scales:");
      for (Scale scale : Scale.values()) {
        out.printf("  %-6s %s%n", scale, scale.rules());
      }
      out.flush();
      return 0;
    }
  }

  @Command(
      name = "run",
      description =
          "Train what an experiment needs. Finished runs are not done again, and one that was"
              + " stopped goes on from there.",
      sortOptions = false)
  static final class RunCommand implements Callable<Integer> {
    private static final Set<String> FIG3_OPTIONS =
        Set.of("--alpha", "--well-a", "--well-b", "--well-d", "--starts", "--seed");

    @Spec private CommandSpec spec;

    @Mixin private Id id;

    @Option(
        names = "--scale",
        paramLabel = "SCALE",
        defaultValue = "full",
        description =
            "full, half, tiny or smoke, see 'experiment show'; at smoke scale, generated or embedded"
                + " examples take the place of absent data; default ${DEFAULT-VALUE}.")
    private Scale scale;

    @Option(
        names = "--only",
        paramLabel = "GLOB",
        description =
            "Only these cells, as 'show' names them, with or without the table: 'sd*/cifar-10',"
                + " 'table5/*/cifar-10'; may be repeated.")
    private List<String> only = List.of();

    @Option(
        names = "--data-override",
        paramLabel = "NAME=PATH",
        description =
            "Train on the dataset at PATH where the paper has NAME, cifar10 for instance; may be"
                + " repeated.")
    private List<String> overrides = List.of();

    @Option(
        names = "--backbone",
        paramLabel = "FILE",
        description =
            "Weights for DeepLab V3 to start from: safetensors of a ResNet-50 by torchvision's"
                + " names.")
    private Path backbone;

    @Option(
        names = "--seeds",
        paramLabel = "N",
        description = "Seeds 1 to N a cell; default: the paper's three, or fewer by the scale.")
    private Integer seeds;

    @Option(
        names = "--jobs",
        paramLabel = "N",
        description =
            "Runs at a time, each in a process of its own; default: on a CPU the processors that"
                + " this program may use, 8 at most, else 1.")
    private Integer jobs;

    @Option(
        names = "--shard",
        paramLabel = "I/N",
        defaultValue = "1/1",
        description = "Only the I-th of N parts of the runs, for N machines that share --out.")
    private String shard;

    @Option(
        names = "--threads",
        paramLabel = "N",
        defaultValue = "1",
        description =
            "CPU threads of LibTorch in each run; with another number, sums are rounded otherwise;"
                + " default ${DEFAULT-VALUE}.")
    private Integer threads;

    @Mixin private DeviceOption device;

    @ArgGroup(exclusive = false, heading = "For fig3:%n")
    private Fig3Options fig3 = new Fig3Options();

    @Mixin private Out out;

    @Override
    public Integer call() {
      checkOptions();
      if (id.id.equals(FIGURE_3)) {
        System.out.println(fig3.figure().write(out.folder.resolve(FIGURE_3), System.out));
        return 0;
      }
      if (id.id.equals(ScheduleFigure.ID)) {
        throw new InputException("fig2 needs no runs: 'experiment report fig2' draws it");
      }
      List<Table> tables;
      if (id.id.equals(CurveFigure.FIGURE_1.id())) {
        if (!only.isEmpty()) {
          throw new InputException("--only does not go with fig1, which is made of four cells");
        }
        tables = Table.of(CurveFigure.FIGURE_1.table());
        only = CurveFigure.FIGURE_1.cells();
      } else {
        tables = Table.of(id.id);
      }
      TrainCommand.checkThreads(threads);
      Experiment.Part part = Experiment.Part.parse(shard);
      String deviceName = device.name(spec.commandLine().getErr());
      int processes =
          jobs != null ? jobs : deviceName.equals("cpu") ? Math.min(8, Cpu.processors()) : 1;
      Planner planner =
          new Planner(
              scale,
              seeds,
              parsed(overrides),
              backbone == null ? null : backbone.toAbsolutePath().normalize().toString(),
              deviceName,
              threads);
      PrintStream console = System.out;
      boolean good;
      try (Interruption interruption = new Interruption()) {
        good =
            new Experiment(
                    out.folder, WorkerCommand.program(out.folder), interruption.signal(), console)
                .run(planner, tables, only, part, processes);
      }
      console.printf(
          "report: noisylr experiment report %s --scale %s --out %s%n", id.id, scale, out.folder);
      return good ? 0 : Noisylr.RUN_FAILED;
    }

    /** Refuses options that have no meaning for the experiment. */
    private void checkOptions() {
      boolean figure3 = id.id.equals(FIGURE_3);
      for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
        String name = option.longestName();
        if (!name.equals("--out") && FIG3_OPTIONS.contains(name) != figure3) {
          throw new InputException(name + " does not go with " + id.id);
        }
      }
    }

    private static Map<String, String> parsed(List<String> overrides) {
      Map<String, String> parsed = new LinkedHashMap<>();
      for (String override : overrides) {
        int sign = override.indexOf('=');
        if (sign < 1 || sign == override.length() - 1) {
          throw new InputException(
              "--data-override must be NAME=PATH, cifar10=images.zip for instance, but is "
                  + override);
        }
        String name = override.substring(0, sign);
        if (parsed.put(name, override.substring(sign + 1)) != null) {
          throw new InputException("--data-override must name " + name + " once, but repeats it");
        }
      }
      return parsed;
    }
  }

  @Command(
      name = "report",
      description = "Write the paper's table beside the runs': report.html and CSV files.")
  static final class Report implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private Id id;

    @Option(
        names = "--scale",
        paramLabel = "SCALE",
        description = "full, half, tiny or smoke; default: every scale that was run.")
    private Scale scale;

    @Mixin private Out out;

    @Override
    public Integer call() {
      PrintWriter writer = spec.commandLine().getOut();
      List<Path> pages = new ArrayList<>();
      switch (id.id) {
        case "fig1" -> pages.addAll(Experiment.draw(out.folder, CurveFigure.FIGURE_1, scale));
        case ScheduleFigure.ID -> pages.addAll(ScheduleFigure.draw(out.folder));
        case FIGURE_3 ->
            throw new InputException(
                "fig3 has no report of its own: 'experiment run fig3' draws it");
        default -> {
          pages.addAll(Experiment.report(out.folder, Table.of(id.id), scale));
          if (id.id.equals(CurveFigure.FIGURE_4.id())) {
            pages.addAll(Experiment.draw(out.folder, CurveFigure.FIGURE_4, scale));
          }
        }
      }
      pages.forEach(writer::println);
      writer.flush();
      return 0;
    }
  }

  @Command(
      name = WorkerCommand.NAME,
      hidden = true,
      description = "Does runs that another process asks for on standard input.")
  static final class WorkerCommand implements Callable<Integer> {
    static final String NAME = "worker";

    @Mixin private Out out;

    static List<String> program(Path store) {
      return List.of(Noisylr.class.getName(), "experiment", NAME, "--out", store.toString());
    }

    @Override
    public Integer call() throws InterruptedException {
      try (Interruption interruption = new Interruption()) {
        Experiment.serve(out.folder, System.in, System.out, interruption.signal());
      }
      return 0;
    }
  }
}
