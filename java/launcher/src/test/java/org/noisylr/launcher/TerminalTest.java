package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.launcher.Programs.await;
import static org.noisylr.launcher.Programs.count;
import static org.noisylr.launcher.Programs.read;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ctrl-C on a terminal, where all processes of the program receive the signal, saves while the bar
 * is drawn. With {@code -Dreliability=long}, also that of experiments and quickstart, and a second
 * Ctrl-C.
 */
@Tag("slow")
@Timeout(300)
class TerminalTest {
  private static final String TRAIN =
      "train --data fashion-mnist-mini --subset 500 --model cnn28 --lr 0.01 --batch-size 8"
          + " --epochs 3 --threads 1 --device cpu --processes 2 --out ";
  private static final String EXPERIMENT =
      "experiment run table2 --scale smoke --only cnn-mnist/* --data-override"
          + " mnist=fashion-mnist-mini --device cpu --out ";
  private static final Pattern AGAIN =
      Pattern.compile("(?:resume|continue) with: noisylr ([^\r\n]*)");

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path temporary;

  private Path log() {
    return temporary.resolve("terminal");
  }

  /** Types Ctrl-C at a moment after the first text of a bar; returns the output. */
  private String interrupt(String command, String bar, BooleanSupplier moment, int times)
      throws Exception {
    Process process = programs.startOnTerminal(log(), command);
    await(process, log(), () -> moment.getAsBoolean() && read(log()).contains(bar));
    for (int i = 0; i < times; i++) {
      process.getOutputStream().write(3);
      process.getOutputStream().flush();
    }
    assertThat(process.waitFor()).as(() -> read(log())).isEqualTo(128 + 2);
    return read(log());
  }

  /** Runs the command that the output gives to continue. */
  private void continueAsTold(String output) throws Exception {
    Matcher told = AGAIN.matcher(output);
    assertThat(told.find()).as(output).isTrue();
    programs.finish(temporary.resolve("log"), told.group(1).replace("'", ""));
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void ctrlCStopsAllRanks() throws Exception {
    Path run = temporary.resolve("run");
    String output = interrupt(TRAIN + run, "20/63 (", () -> true, 1);
    assertThat(output)
        .containsOnlyOnce("stopped in epoch ")
        .doesNotContain("lost", "killed", "Exception");
    assertThat(RunFolder.names(run)).anyMatch(name -> name.startsWith("checkpoint-"));
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void stoppedRanksContinueToTheSameResult() throws Exception {
    Path stopped = temporary.resolve("stopped");
    continueAsTold(interrupt(TRAIN + stopped, "20/63 (", () -> true, 1));
    Path whole = temporary.resolve("whole");
    programs.finish(temporary.resolve("log"), TRAIN + whole);
    RunFolder.assertSameFiles(stopped, whole);
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aSecondCtrlCEndsAllProcessesAtOnce() throws Exception {
    Path run = temporary.resolve("run");
    interrupt(TRAIN + run, "20/63 (", () -> true, 2);
    assertThat(ProcessHandle.allProcesses())
        .noneMatch(
            process ->
                process.info().commandLine().orElse("").contains("--out " + run)
                    && process.isAlive());
    programs.finish(temporary.resolve("log"), TRAIN + run + " --resume");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void ctrlCSavesAnExperiment(int jobs) throws Exception {
    Path stopped = temporary.resolve("stopped");
    String command = EXPERIMENT + stopped + " --jobs " + jobs;
    continueAsTold(interrupt(command, "runs  ", () -> count(stopped, "metrics.csv") > 0, 1));
    assertThat(count(stopped, "failure.txt")).isZero();
    Path whole = temporary.resolve("whole");
    programs.finish(temporary.resolve("log"), EXPERIMENT + whole);
    for (Path store : new Path[] {stopped, whole}) {
      assertThat(Invocation.of("experiment report table2 --out " + store).exit()).isZero();
    }
    assertThat(stopped.resolve("table2/smoke/cells.csv"))
        .hasSameTextualContentAs(whole.resolve("table2/smoke/cells.csv"));
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void ctrlCSavesAQuickstart() throws Exception {
    String command = "quickstart --epochs 2 --seeds 1 --device cpu --out ";
    Path stopped = temporary.resolve("stopped");
    continueAsTold(
        interrupt(
            command + stopped,
            "noisy  epoch 1/2  42%",
            () -> count(stopped, "result.json") > 0,
            1));
    assertThat(read(temporary.resolve("log"))).contains("constant 0.01, seed 1  finished before");
    Path whole = temporary.resolve("whole");
    programs.finish(temporary.resolve("log"), command + whole);
    assertThat(stopped.resolve("test-accuracy.png"))
        .hasSameBinaryContentAs(whole.resolve("test-accuracy.png"));
    for (String run : (Iterable<String>) RunFolder.names(whole.resolve("runs"))::iterator) {
      Path metrics = Path.of("runs", run, "metrics.csv");
      assertThat(Files.mismatch(stopped.resolve(metrics), whole.resolve(metrics))).isEqualTo(-1);
    }
  }
}
