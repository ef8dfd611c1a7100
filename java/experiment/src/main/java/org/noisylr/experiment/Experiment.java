package org.noisylr.experiment;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.experiment.job.Job;
import org.noisylr.experiment.job.JobPrograms;
import org.noisylr.experiment.job.JobRunner;
import org.noisylr.experiment.job.JobRunner.Tally;
import org.noisylr.experiment.plan.DataSource;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.plan.Shard;
import org.noisylr.experiment.report.ExperimentReport;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.RunConfig;

/** Trains experiments into a store, and reports on a store. */
public final class Experiment {
  private final RunStore store;
  private final JobPrograms programs;
  private final StopSignal stop;
  private final PrintStream console;
  private final PrintStream errors;

  /**
   * @param folder the store
   * @param programs execute runs on the same store
   * @param stop stops all runs; what they have done is saved
   * @param console shows the progress
   * @param errors shows failed runs
   */
  public Experiment(
      Path folder, JobPrograms programs, StopSignal stop, PrintStream console, PrintStream errors) {
    store = new RunStore(folder);
    this.programs = programs;
    this.stop = stop;
    this.console = console;
    this.errors = errors;
  }

  /**
   * Trains the runs that are not finished.
   *
   * @param only globs of cells; empty for all
   * @param command plans these runs, for the report
   * @param shard the part of the runs to train
   * @param processes number of runs at a time, at least 1
   * @return whether no run failed or was stopped
   * @throws org.noisylr.check.InputException if an argument or the data is unsuitable
   */
  public boolean run(
      Planner planner,
      List<Table> tables,
      List<String> only,
      String command,
      Shard shard,
      int processes) {
    Check.atLeast("--jobs", processes, 1);
    List<PlannedCell> cells = planner.plan(tables, only);
    OutputFolder.create(store.root());
    Plan.write(store.root(), planner.scale(), command, cells).forEach(console::println);
    console.printf("scale %s: %s%n", planner.scale(), planner.scale().rules());
    cells.stream()
        .map(PlannedCell::data)
        .filter(DataSource::isSubstitute)
        .map(DataSource::description)
        .distinct()
        .forEach(data -> console.println("other data: " + data));
    cells.stream()
        .filter(PlannedCell::hasIdleNoise)
        .forEach(cell -> console.printf("no epoch of %s is noisy%n", cell.cell().id()));
    List<Job> all = jobs(cells);
    List<Job> mine = shard.of(all);
    List<Job> unfinished = unfinished(mine);
    console.printf(
        "cells: %d, runs: %d%s, finished before: %d%n",
        cells.size(),
        mine.size(),
        shard.count() == 1 ? "" : " of %d in this part".formatted(all.size()),
        mine.size() - unfinished.size());
    if (unfinished.isEmpty()) {
      console.println("nothing to do");
      return true;
    }
    return run(unfinished, processes);
  }

  private boolean run(List<Job> jobs, int processes) {
    Tally tally = new JobRunner(store, programs, stop, console, errors).run(jobs, processes);
    console.printf(
        "%d done, %d failed%s%n",
        tally.done(),
        tally.failed(),
        tally.elsewhere() == 0 ? "" : ", %d by other processes".formatted(tally.elsewhere()));
    return tally.failed() == 0 && tally.stopped() == 0 && !stop.isRequested();
  }

  private List<Job> unfinished(List<Job> jobs) {
    List<Job> unfinished = new ArrayList<>();
    for (Job job : jobs) {
      if (store.finished(job.key()).isEmpty()) {
        unfinished.add(job);
      } else {
        store.cleanUp(job.key());
      }
    }
    return unfinished;
  }

  /**
   * Returns the distinct runs of the cells: seed by seed, and within a seed dataset by dataset, so
   * that each dataset is opened once a seed.
   */
  private static List<Job> jobs(List<PlannedCell> planned) {
    List<PlannedCell> cells =
        planned.stream()
            .sorted(Comparator.comparing((PlannedCell cell) -> cell.data().location()))
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
   * @param experiment the name that stands for the tables
   * @param scale scale of the runs; null for every scale at which a table was run
   * @param pictures whether charts are written as PNG, SVG and PDF too
   * @return the pages of the tables that were run
   * @throws org.noisylr.check.InputException if no table was run at that scale, or the store is
   *     damaged
   */
  public static List<Path> report(
      Path folder, String experiment, List<Table> tables, Scale scale, boolean pictures) {
    RunStore store = new RunStore(folder);
    List<Path> pages = new ArrayList<>();
    for (Table table : tables) {
      for (Scale each : Plan.scales(folder, table.id())) {
        if (scale == null || scale == each) {
          pages.add(ExperimentReport.write(store, table, each, pictures));
        }
      }
    }
    if (pages.isEmpty()) {
      throw Plan.noRuns(folder, experiment, experiment, scale);
    }
    return pages;
  }
}
