package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Experiments whose process is killed or stopped, then started again with the same command. */
@Tag("slow")
@Timeout(120)
class InterruptedExperimentTest {
  private static final List<String> FILES = List.of("report.html", "cells.csv", "comparisons.csv");

  @TempDir private static Path common;
  private static Path undisturbed;

  @TempDir private Path root;

  private static List<String> command(Path store, int jobs) {
    return List.of(
        ("experiment run table2 --scale smoke --only cnn-mnist/* --data-override"
                + " mnist=fashion-mnist-mini --device cpu --jobs "
                + jobs
                + " --out "
                + store)
            .split(" "));
  }

  @BeforeAll
  static void runUndisturbed() throws Exception {
    undisturbed = common.resolve("undisturbed");
    finish(undisturbed, 1, common.resolve("log"));
  }

  private static void finish(Path store, int jobs, Path log) throws Exception {
    assertThat(Program.start(log, command(store, jobs)).waitFor()).as(() -> read(log)).isZero();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The number of files of a name; a file may disappear during the search. */
  private static long count(Path folder, String name) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith(name)).count();
    } catch (IOException | UncheckedIOException e) {
      return 0;
    }
  }

  private static long results(Path store) {
    return count(store, "result.json");
  }

  private static void assertSameReport(Path store, Path other) throws IOException {
    for (Path each : List.of(store, other)) {
      Noisylr.run(
          Noisylr.commandLine(), "experiment", "report", "table2", "--out", each.toString());
    }
    for (String file : FILES) {
      Path report = Path.of("table2", "smoke", file);
      assertThat(store.resolve(report)).hasSameTextualContentAs(other.resolve(report));
    }
  }

  private void killWhen(Path store, BooleanSupplier moment) throws Exception {
    Process process = Program.start(root.resolve("log"), command(store, 1));
    while (process.isAlive() && !moment.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    process.destroyForcibly().waitFor();
  }

  @Test
  void anExperimentThatIsKilledTwiceHasTheReportOfAnUndisturbedOne() throws Exception {
    Path killed = root.resolve("killed");
    killWhen(killed, () -> count(killed, "metrics.csv") > 0);
    assertThat(results(killed)).isLessThan(4);
    killWhen(killed, () -> results(killed) >= 2);
    assertThat(results(killed)).isBetween(2L, 3L);
    finish(killed, 1, root.resolve("log"));
    assertThat(results(killed)).isEqualTo(4);
    assertSameReport(killed, undisturbed);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void anExperimentThatIsStoppedSavesItsRunsAndResumes(int jobs) throws Exception {
    Path stopped = root.resolve("stopped");
    Path log = root.resolve("log");
    Process process = Program.start(log, command(stopped, jobs));
    while (count(stopped, "metrics.csv") == 0) {
      assertThat(process.isAlive()).as(() -> read(log)).isTrue();
      TimeUnit.MILLISECONDS.sleep(1);
    }
    List<ProcessHandle> workers = process.descendants().toList();
    assertThat(workers).hasSize(jobs == 1 ? 0 : jobs);
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(read(log)).contains("stopped: the same command goes on from there");
    for (ProcessHandle worker : workers) {
      worker.onExit().get(10, TimeUnit.SECONDS);
    }
    assertThat(count(stopped, "failure.txt")).isZero();
    finish(stopped, jobs, log);
    assertSameReport(stopped, undisturbed);
  }
}
