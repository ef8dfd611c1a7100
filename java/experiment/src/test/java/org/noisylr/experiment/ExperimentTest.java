package org.noisylr.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.experiment.Experiment.Part;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.loop.StopSignal;

/** Whole experiments, on the cells of table 2 that train a small network on embedded images. */
class ExperimentTest {
  private static final List<String> CELLS = List.of("cnn-mnist/*");
  private static final Map<String, String> DATA = Map.of("mnist", "fashion-mnist-mini");

  @TempDir private Path root;

  private static List<String> worker(Path store) {
    return List.of(ServingWorker.class.getName(), store.toString());
  }

  private static final class Console {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private boolean good;

    private String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  private static Console run(Path store, List<String> worker, Part part, int processes) {
    Console console = new Console();
    Planner planner = new Planner(Scale.SMOKE, null, DATA, null, "cpu", 1);
    console.good =
        new Experiment(
                store,
                worker,
                new StopSignal(),
                new PrintStream(console.bytes, true, StandardCharsets.UTF_8))
            .run(planner, Table.of("table2"), CELLS, part, processes);
    return console;
  }

  private static Console run(Path store) {
    return run(store, worker(store), new Part(1, 1), 1);
  }

  private static Map<String, String> report(Path store) throws IOException {
    Path page = Experiment.report(store, Table.of("table2"), Scale.SMOKE).get(0);
    return Map.of(
        "html", Files.readString(page),
        "cells", Files.readString(page.resolveSibling("cells.csv")),
        "comparisons", Files.readString(page.resolveSibling("comparisons.csv")));
  }

  private static long results(Path store) {
    if (!Files.isDirectory(store.resolve("runs"))) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(store.resolve("runs"))) {
      return files.filter(file -> file.endsWith("result.json")).count();
    } catch (IOException | UncheckedIOException e) {
      // A file went away under the walk.
      return 0;
    }
  }

  @Test
  void everyRunIsDoneOnce() throws IOException {
    Console first = run(root);
    assertThat(first.good).isTrue();
    assertThat(first.text())
        .contains("scale smoke: epochs divided by 40")
        .contains("cells: 2, runs: 4, done before: 0")
        .contains("[4/4] table2/cnn-mnist/sd-rn, seed 2: best test accuracy ")
        .contains("4 done, 0 failed");
    assertThat(results(root)).isEqualTo(4);
    Map<String, String> report = report(root);
    Console second = run(root);
    assertThat(second.text())
        .contains("cells: 2, runs: 4, done before: 4")
        .contains("nothing to do");
    assertThat(report(root)).isEqualTo(report);
  }

  @Test
  void workersInTheirOwnProcessesAndShardsGiveTheSameReport() throws IOException {
    Path one = root.resolve("one");
    run(one);
    Path workers = root.resolve("workers");
    assertThat(run(workers, worker(workers), new Part(1, 1), 2).text())
        .contains("4 done, 0 failed");
    Path shards = root.resolve("shards");
    assertThat(run(shards, worker(shards), new Part(2, 2), 1).text())
        .contains("cells: 2, runs: 2 of 4 in this part, done before: 0");
    assertThat(results(shards)).isEqualTo(2);
    run(shards, worker(shards), new Part(1, 2), 1);
    assertThat(report(workers)).isEqualTo(report(one));
    assertThat(report(shards)).isEqualTo(report(one));
  }

  @Test
  void aWorkerThatDiesFailsItsRunAlone() {
    Console console = run(root, List.of(Dying.class.getName()), new Part(1, 1), 2);
    assertThat(console.good).isFalse();
    assertThat(console.text())
        .contains("FAILED, its process ended with exit code 3")
        .contains("0 done, 4 failed");
    assertThat(run(root).text()).contains("4 done, 0 failed");
  }

  /** The other end of a worker process, as the launcher's worker command is. */
  static final class ServingWorker {
    private ServingWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
      Experiment.serve(Path.of(arguments[0]), System.in, System.out, new StopSignal());
    }
  }

  /** A worker that crashes as soon as it is asked for something. */
  static final class Dying {
    private Dying() {}

    public static void main(String[] arguments) throws IOException {
      System.in.read();
      Runtime.getRuntime().halt(3);
    }
  }

  @Test
  void theReportSaysWhatItIsAndHoldsThePapersNumbersBesideOurs() throws IOException {
    run(root);
    Map<String, String> report = report(root);
    assertThat(report.get("html"))
        .contains(
            "<title>Table 2 at smoke scale on other data: Optimizers, models and data</title>")
        .contains("Not the paper's data: fashion-mnist-mini in place of mnist; ")
        .contains("This is not the paper's experiment but a reduced one, at smoke scale")
        .contains(
            "fashion-mnist-mini in place of mnist: 64 training and 64 test examples, 5 epochs")
        .contains("<li>on cpu, 1 thread</li>")
        .contains("E[f] &#x3D; 4.00000, Var[f] &#x3D; 5.33333")
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
  void aFailedRunStandsInTheReport() throws IOException {
    run(root, List.of(Dying.class.getName()), new Part(1, 1), 2);
    assertThat(report(root).get("html"))
        .contains(
            "0 of 2 runs; seed 1 failed: its process ended with exit code 3; seed 2 failed: ");
  }

  @Test
  void aReportNeedsRuns() {
    assertThatThrownBy(() -> report(root))
        .isInstanceOf(InputException.class)
        .hasMessage(
            root
                + " has no runs of table2 at scale smoke: begin with 'noisylr experiment run table2"
                + " --scale smoke --out "
                + root
                + "'");
  }

  @Test
  void partsAreReadAndChecked() {
    assertThat(Part.parse("2/8")).isEqualTo(new Part(2, 8));
    assertThatThrownBy(() -> Part.parse("3/2"))
        .hasMessage("--shard: part must be in [1, 2], but is 3");
    assertThatThrownBy(() -> Part.parse("1/0"))
        .hasMessage("--shard: number of parts must be at least 1, but is 0");
    assertThatThrownBy(() -> Part.parse("half"))
        .hasMessage("--shard must be PART/PARTS, 2/8 for instance, but is half");
  }
}
