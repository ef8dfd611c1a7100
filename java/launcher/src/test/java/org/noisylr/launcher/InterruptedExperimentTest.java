package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.launcher.Programs.await;
import static org.noisylr.launcher.Programs.count;
import static org.noisylr.launcher.Programs.read;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Experiments whose process is stopped, then started again with the same command. With {@code
 * -Dreliability=long}, also one that is killed twice and one without worker processes.
 */
@Tag("slow")
@Timeout(120)
class InterruptedExperimentTest {
  @TempDir private static Path undisturbed;

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path root;

  private static String command(Path store, int jobs) {
    return "experiment run table2 --scale smoke --only cnn-mnist/* --data-override"
        + " mnist=fashion-mnist-mini --device cpu --jobs %d --out %s".formatted(jobs, store);
  }

  @BeforeAll
  static void runUndisturbed() {
    assertThat(Invocation.of(command(undisturbed, 1) + " --quiet"))
        .isEqualTo(new Invocation(0, "", ""));
  }

  private static long results(Path store) {
    return count(store, "result.json");
  }

  private static void assertReportOfUndisturbed(Path store) throws IOException {
    for (Path each : List.of(store, undisturbed)) {
      assertThat(Invocation.of("experiment report table2 --out " + each).exit()).isZero();
    }
    for (String file :
        List.of("report.html", "cells.csv", "comparisons.csv", "table.md", "table.tex")) {
      Path report = Path.of("table2", "smoke", file);
      assertThat(store.resolve(report)).hasSameTextualContentAs(undisturbed.resolve(report));
    }
  }

  private void killWhen(Path store, BooleanSupplier moment) throws Exception {
    Process process = programs.start(root.resolve("log"), command(store, 1));
    while (process.isAlive() && !moment.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    process.destroyForcibly().waitFor();
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aKilledExperimentHasTheReportOfAnUndisturbedOne() throws Exception {
    Path killed = root.resolve("killed");
    killWhen(killed, () -> count(killed, "metrics.csv") > 0);
    assertThat(results(killed)).isLessThan(4);
    killWhen(killed, () -> results(killed) >= 2);
    assertThat(results(killed)).isBetween(2L, 3L);
    assertThat(Invocation.of(command(killed, 1)).exit()).isZero();
    assertThat(results(killed)).isEqualTo(4);
    assertReportOfUndisturbed(killed);
  }

  static List<Integer> jobs() {
    return Programs.LONG ? List.of(1, 2) : List.of(2);
  }

  @ParameterizedTest
  @MethodSource("jobs")
  void anExperimentThatIsStoppedSavesItsRunsAndResumes(int jobs) throws Exception {
    Path stopped = root.resolve("stopped");
    Path log = root.resolve("log");
    Process process = programs.start(log, command(stopped, jobs));
    await(process, log, () -> count(stopped, "metrics.csv") > 0);
    List<ProcessHandle> workers = process.descendants().toList();
    assertThat(workers).hasSize(jobs == 1 ? 0 : jobs);
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(read(log)).contains("stopped; continue with: noisylr experiment run table2 ");
    for (ProcessHandle worker : workers) {
      worker.onExit().get(10, TimeUnit.SECONDS);
    }
    assertThat(count(stopped, "failure.txt")).isZero();
    assertThat(Invocation.of(command(stopped, 1)).exit()).isZero();
    assertReportOfUndisturbed(stopped);
  }
}
