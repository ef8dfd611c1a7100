package org.noisylr.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.figure.CurveFigure;
import org.noisylr.experiment.job.Runner;
import org.noisylr.experiment.job.Runner.Job;
import org.noisylr.experiment.job.Runner.Tally;
import org.noisylr.experiment.job.Worker;
import org.noisylr.experiment.plan.DataSources.DataSource;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.report.ExperimentReport;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.RunConfig;

/** Runs the paper's tables into a store. */
public final class Experiment {
  /**
   * One of several parts of the runs.
   *
   * @param index from 1 to {@code count}
   * @param count number of parts
   */
  public record Part(int index, int count) {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

    /** Validates the values. */
    public Part {
      Check.atLeast("--shard: number of parts", count, 1);
      Check.within("--shard: part", (long) index, 1, count);
    }

    /**
     * Reads {@code 2/8}.
     *
     * @throws InputException if it is something else
     */
    public static Part parse(String text) {
      Matcher matcher = TEXT.matcher(text);
      if (!matcher.matches()) {
        throw new InputException("--shard must be PART/PARTS, 2/8 for instance, but is " + text);
      }
      return new Part(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }
  }

  private static final int MAX_SEEDS = 1000;

  private final RunStore store;
  private final List<String> workerProgram;
  private final StopSignal stop;
  private final PrintStream console;

  /**
   * @param folder the store
   * @param workerProgram main class and arguments of a program that calls {@link #serve}
   * @param stop ends the runs with all that they have done saved
   */
  public Experiment(Path folder, List<String> workerProgram, StopSignal stop, PrintStream console) {
    store = new RunStore(folder);
    this.workerProgram = workerProgram;
    this.stop = stop;
    this.console = console;
  }

  /**
   * Does the runs that are not done.
   *
   * @param only globs of cells; empty for all
   * @param part of the runs
   * @param processes runs at a time, at least 1
   * @return whether no run failed or was stopped
   * @throws InputException if an argument or the data do not serve
   */
  public boolean run(
      Planner planner, List<Table> tables, List<String> only, Part part, int processes) {
    Check.atLeast("--jobs", processes, 1);
    if (planner.seeds() != null) {
      Check.within("--seeds", (long) planner.seeds(), 1, MAX_SEEDS);
    }
    List<PlannedCell> cells = planner.plan(tables, only);
    createStore();
    Plan.write(store.root(), planner.scale(), cells).forEach(console::println);
    List<Job> jobs = jobs(cells);
    console.printf("scale %s: %s%n", planner.scale(), planner.scale().rules());
    cells.stream()
        .map(PlannedCell::data)
        .filter(DataSource::other)
        .map(DataSource::description)
        .distinct()
        .forEach(data -> console.println("not the paper's data: " + data));
    List<Job> mine = new ArrayList<>();
    for (int i = part.index() - 1; i < jobs.size(); i += part.count()) {
      mine.add(jobs.get(i));
    }
    List<Job> open = new ArrayList<>();
    for (Job job : mine) {
      if (store.finished(job.key()).isEmpty()) {
        open.add(job);
      } else {
        store.tidy(job.key());
      }
    }
    console.printf(
        "cells: %d, runs: %d%s, done before: %d%n",
        cells.size(),
        mine.size(),
        part.count() == 1 ? "" : " of %d in this part".formatted(jobs.size()),
        mine.size() - open.size());
    if (open.isEmpty()) {
      console.println("nothing to do");
      return true;
    }
    Tally tally = new Runner(store, workerProgram, stop, console).run(open, processes);
    console.printf(
        "%d done, %d failed%s%n",
        tally.done(),
        tally.failed(),
        tally.elsewhere() == 0 ? "" : ", %d by other processes".formatted(tally.elsewhere()));
    if (tally.stopped() > 0 || stop.isRequested()) {
      console.println("stopped: the same command goes on from there");
      return false;
    }
    return tally.failed() == 0;
  }

  private void createStore() {
    Path folder = store.root();
    if (folder.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new InputException("--out must be a folder, but " + folder + " is a file");
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new InputException(
          "cannot make the folder --out " + folder + ": " + Reason.of(e, folder), e);
    }
    if (!Files.isWritable(folder)) {
      throw new InputException("cannot write to --out " + folder);
    }
  }

  /** The different runs of the cells: seed by seed, and dataset by dataset, which opens it once. */
  private static List<Job> jobs(List<PlannedCell> planned) {
    List<PlannedCell> cells =
        planned.stream()
            .sorted(Comparator.comparing((PlannedCell cell) -> cell.data().opened()))
            .toList();
    long seeds =
        cells.stream().flatMap(cell -> cell.runs().keySet().stream()).max(Long::compare).orElse(0L);
    Map<String, Job> jobs = new LinkedHashMap<>();
    for (long seed = 1; seed <= seeds; seed++) {
      for (PlannedCell cell : cells) {
        RunConfig config = cell.runs().get(seed);
        if (config != null) {
          String key = RunStore.key(config);
          jobs.putIfAbsent(key, new Job(cell.cell().id() + ", seed " + seed, key, config));
        }
      }
    }
    return List.copyOf(jobs.values());
  }

  /**
   * Writes reports.
   *
   * @param scale of the runs; null for every one that a table was run at
   * @return the pages of those tables that were run
   * @throws InputException if no table was run at that scale, or the store is damaged
   */
  public static List<Path> report(Path folder, List<Table> tables, Scale scale) {
    RunStore store = new RunStore(folder);
    List<Path> pages = new ArrayList<>();
    for (Table table : tables) {
      for (Scale each : Plan.scales(folder, table.id())) {
        if (scale == null || scale == each) {
          pages.add(ExperimentReport.write(store, table, each));
        }
      }
    }
    if (pages.isEmpty()) {
      String id = tables.size() == 1 ? tables.get(0).id() : Table.ALL;
      throw new InputException(
          "%s has no runs of %s%s: begin with 'noisylr experiment run %s%s --out %s'"
              .formatted(
                  folder,
                  id,
                  scale == null ? "" : " at scale " + scale,
                  id,
                  scale == null ? "" : " --scale " + scale,
                  folder));
    }
    return pages;
  }

  /**
   * Draws a figure at the scales that its runs were done at.
   *
   * @param scale null for every one
   * @return the pictures
   * @throws InputException if the runs are missing or the pictures cannot be written
   */
  public static List<Path> draw(Path folder, CurveFigure figure, Scale scale) {
    List<Scale> scales = scale == null ? Plan.scales(folder, figure.table()) : List.of(scale);
    if (scales.isEmpty()) {
      throw new InputException(
          "%s has no runs for %s: begin with 'noisylr experiment run %s --out %s'"
              .formatted(folder, figure.id(), figure.id(), folder));
    }
    RunStore store = new RunStore(folder);
    return scales.stream().flatMap(each -> figure.draw(store, each).stream()).toList();
  }

  /** Does runs as another process asks for them, until {@code in} ends or {@code stop}. */
  public static void serve(Path folder, InputStream in, PrintStream out, StopSignal stop)
      throws InterruptedException {
    Worker.serve(new RunStore(folder), in, out, stop);
  }
}
