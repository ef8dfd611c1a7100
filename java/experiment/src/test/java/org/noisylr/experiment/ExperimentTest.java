package org.noisylr.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.experiment.job.JobPrograms;
import org.noisylr.experiment.job.WorkerProcess;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.plan.Shard;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.loop.StopSignal;

/** Whole experiments, on the cells of table 2 that train a small network on embedded images. */
class ExperimentTest {
  private static final List<String> CELLS = List.of("cnn-mnist/*");
  private static final Map<String, String> DATA = Map.of("mnist", "fashion-mnist-mini");

  @TempDir private static Path finished;
  private static Console console;

  @TempDir private Path store;

  private record Console(boolean good, String text) {}

  private static Console run(Path store, List<String> worker, Shard shard, int processes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    boolean good = run(store, worker, shard, processes, new StopSignal(), out);
    return new Console(good, bytes.toString(StandardCharsets.UTF_8));
  }

  private static boolean run(
      Path store,
      List<String> worker,
      Shard shard,
      int processes,
      StopSignal stop,
      PrintStream out) {
    return new Experiment(store, new JobPrograms(worker, List.of()), stop, out, out)
        .run(
            new Planner(Scale.SMOKE, null, DATA, null, "cpu", 1, false),
            Table.of("table2"),
            CELLS,
            "noisylr experiment run table2",
            shard,
            processes);
  }

  private static Console run(Path store) {
    return run(store, List.of(), new Shard(1, 1), 1);
  }

  @BeforeAll
  static void runInOneProcess() {
    console = run(finished);
  }

  private static Map<String, String> report(Path store) throws IOException {
    Path page = Experiment.report(store, "table2", Table.of("table2"), Scale.SMOKE, false).get(0);
    return Map.of(
        "html", Files.readString(page),
        "cells", Files.readString(page.resolveSibling("cells.csv")),
        "comparisons", Files.readString(page.resolveSibling("comparisons.csv")));
  }

  private static long results(Path store) throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(file -> file.endsWith("result.json")).count();
    }
  }

  /** The main class of a worker, as the launcher's worker command is. */
  static final class Worker {
    private Worker() {}

    public static void main(String[] arguments) throws InterruptedException {
      RunStore store = new RunStore(Path.of(arguments[0]));
      WorkerProcess.serve(store, System.in, System.out, new StopSignal());
    }
  }

  /** A worker that crashes when it receives its first run. */
  static final class CrashingWorker {
    private CrashingWorker() {}

    public static void main(String[] arguments) throws IOException {
      System.in.read();
      Runtime.getRuntime().halt(3);
    }
  }

  @Test
  void everyRunIsTrainedOnce() throws IOException {
    assertThat(console.good).isTrue();
    assertThat(console.text)
        .contains("scale smoke: epochs, milestones, cycles and decays divided by 40")
        .contains("other data: fashion-mnist-mini in place of mnist")
        .contains("cells: 2, runs: 4, finished before: 0")
        .contains("[4/4] table2/cnn-mnist/sd-rn, seed 2: best test accuracy ")
        .contains("4 done, 0 failed");
    assertThat(results(finished)).isEqualTo(4);
    assertThat(run(finished).text)
        .contains("cells: 2, runs: 4, finished before: 4")
        .contains("nothing to do");
  }

  @Test
  void shardsTogetherHaveTheSameReportAsOneRun() throws IOException {
    assertThat(run(store, List.of(), new Shard(2, 2), 1).text)
        .contains("cells: 2, runs: 2 of 4 in this part, finished before: 0");
    assertThat(results(store)).isEqualTo(2);
    run(store, List.of(), new Shard(1, 2), 1);
    assertThat(report(store)).isEqualTo(report(finished));
  }

  @Test
  @Tag("slow")
  void workerProcessesHaveTheSameReportAsOneProcess() throws IOException {
    List<String> worker = List.of(Worker.class.getName(), store.toString());
    assertThat(run(store, worker, new Shard(1, 1), 2).text).contains("4 done, 0 failed");
    assertThat(report(store)).isEqualTo(report(finished));
  }

  @Test
  @Tag("slow")
  void aCrashOfAWorkerFailsItsRunOnly() throws IOException {
    Console crashed = run(store, List.of(CrashingWorker.class.getName()), new Shard(1, 1), 2);
    assertThat(crashed.good).isFalse();
    assertThat(crashed.text)
        .contains("FAILED, its process ended with exit code 3")
        .contains("0 done, 4 failed");
    assertThat(report(store).get("html"))
        .contains(
            "0 of 2 runs; seed 1 failed: its process ended with exit code 3; seed 2 failed: ");
    assertThat(run(store).text).contains("4 done, 0 failed");
  }

  @Test
  void aStoppedExperimentTrainsNoFurtherRun() throws IOException {
    StopSignal stop = new StopSignal();
    stop.request();
    PrintStream out = new PrintStream(OutputStream.nullOutputStream());
    assertThat(run(store, List.of(), new Shard(1, 1), 1, stop, out)).isFalse();
    assertThat(results(store)).isZero();
  }

  @Test
  void theReportStatesItsLimitsAndHasThePapersNumbersBesideOurs() throws IOException {
    Map<String, String> report = report(finished);
    assertThat(report.get("html"))
        .startsWith("<!DOCTYPE html>")
        .contains(
            "<title>Table 2 at smoke scale on other data: Optimizers, models and data</title>")
        .contains("Not the paper's data: fashion-mnist-mini in place of mnist; ")
        .contains("This is a reduced form of the paper's experiment, at smoke scale")
        .contains(
            "fashion-mnist-mini in place of mnist: 64 training and 64 test examples, 5 epochs")
        .contains("<li>on cpu, 1 thread</li>")
        .contains("<li>8 · U(0, 1): E[f] &#x3D; 4.00000, Var[f] &#x3D; 5.33333")
        .contains("<td class=\"paper\">99.28</td>")
        .contains("2 of 2 runs", "not run", "not judged")
        .doesNotContain("src=", "href=\"http");
    assertThat(report.get("html").split("<svg", -1)).hasSize(1 + 3);
    List<String> cells = report.get("cells").lines().toList();
    assertThat(cells).hasSize(1 + 24);
    assertThat(cells.stream().filter(row -> row.contains("table2/cnn-mnist/sd-rn,")))
        .singleElement()
        .asString()
        .contains("smoke,accuracy,99.2800,,,2,")
        .endsWith("fashion-mnist-mini in place of mnist,64,64,5");
    List<String> comparisons = report.get("comparisons").lines().toList();
    assertThat(comparisons).hasSize(1 + 12);
    assertThat(comparisons.get(9))
        .startsWith("table2/cnn-mnist/sd,table2/cnn-mnist/sd-rn,smoke,0.0900,,2,")
        .endsWith(",not judged");
    assertThat(comparisons.get(1)).endsWith(",,0,,,,,,,,not run");
  }

  @Test
  void aReportWithoutRunsNamesTheCommandThatTrainsThem() {
    assertThatThrownBy(() -> report(store))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%1$s has no runs of table2 at scale smoke: start with 'noisylr experiment run table2 --scale smoke --out %1$s'",
            store);
  }
}
