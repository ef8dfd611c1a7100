package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.launcher.Programs.await;
import static org.noisylr.launcher.Programs.read;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.experiment.job.Job;
import org.noisylr.experiment.job.JobRunner;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;

/**
 * Runs that span several processes of this machine, over loopback. With {@code -Dreliability=long},
 * ranks are killed 20 times, stopped and suspended, with and without a common parent.
 */
@Tag("slow")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class GroupRunTest {
  private static final int KILLS = Programs.LONG ? 20 : 1;
  private static final int EPOCHS = 3 * KILLS + 2;

  /** Epochs of 13 steps of 8 examples, the last of 4; 3 ranks divide them unevenly. */
  private static final String OPTIONS =
      "train --data fashion-mnist-mini --subset 100 --batch-size 4 --model cnn28 --optimizer momentum --nesterov --momentum-form keras"
          + " --lr 0.01 --noise uniform --alpha 2 --accumulate 2 --clip-norm 5 --label-smoothing 0.1 --ema 0.9 --validation 0.2 --early-stop 70 --augment crop-mirror --seed 3 --threads 1 --device cpu"
          + " --epochs ";

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path temporary;

  private Path log() {
    return temporary.resolve("log");
  }

  private Path run(String name, String options) {
    Path run = temporary.resolve(name);
    Invocation.finish(OPTIONS + options + " --out " + run);
    return run;
  }

  @Test
  void aRunWhoseRanksAreKilledEndsLikeAnUndisturbedOne() throws Exception {
    Path undisturbed = run("undisturbed", EPOCHS + " --processes 2");
    Path killed = temporary.resolve("killed");
    Random random = new Random(1);
    for (int kill = 0; kill < KILLS; kill++) {
      int epochs = RunFolder.epochsDone(killed) + 1;
      Process parent =
          programs.start(
              log(),
              OPTIONS + EPOCHS + " --processes 2 --out " + killed + (kill == 0 ? "" : " --resume"));
      // Also before it joins, where nothing is saved yet.
      boolean early = kill % 4 == 3;
      await(parent, log(), () -> ranks(parent) == 2);
      if (!early) {
        await(parent, log(), () -> RunFolder.epochsDone(killed) >= epochs);
      }
      TimeUnit.MILLISECONDS.sleep(random.nextInt(early ? 1_500 : 200));
      int rank = random.nextInt(2);
      List<ProcessHandle> ranks = parent.children().toList();
      rank(parent, rank).destroyForcibly();
      assertThat(parent.waitFor(1, TimeUnit.MINUTES)).as(() -> read(log())).isTrue();
      assertThat(parent.exitValue()).as(() -> read(log())).isEqualTo(1);
      assertThat(lastLine())
          .isEqualTo(
              "noisylr: rank %d was killed by signal 9; resume with: noisylr train --resume --out %s",
              rank, killed);
      assertThat(ranks).noneMatch(ProcessHandle::isAlive);
      assertThat(killed.resolve("result.json")).doesNotExist();
    }
    Invocation.finish("train --resume --out " + killed);
    RunFolder.assertSameFiles(killed, undisturbed);
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void theNumberOfRanksChangesResultsByRoundingOnlyAndMayChangeOnResume() throws Exception {
    List<EpochMetrics> alone = metrics(run("alone", "3"));
    Path changed = temporary.resolve("changed");
    Process three = programs.start(log(), OPTIONS + "3 --processes 3 --out " + changed);
    await(three, log(), () -> RunFolder.epochsDone(changed) >= 1);
    three.destroy();
    assertThat(three.waitFor()).isEqualTo(128 + 15);
    assertThat(read(log())).contains("stopped ").contains("resume with: noisylr train");
    programs.finish(log(), OPTIONS + "3 --processes 1 --resume --out " + changed);
    assertThat(read(log()))
        .contains(
            "started with 3 process(es) and resumes with 1: its results will differ slightly");

    List<EpochMetrics> ranks = metrics(changed);
    assertThat(ranks).hasSize(alone.size());
    for (int epoch = 0; epoch < 3; epoch++) {
      assertThat(ranks.get(epoch).lr()).isEqualTo(alone.get(epoch).lr());
      assertThat(ranks.get(epoch).trainLoss())
          .isCloseTo(alone.get(epoch).trainLoss(), Assertions.within(0.01));
      assertThat(ranks.get(epoch).testLoss())
          .isCloseTo(alone.get(epoch).testLoss(), Assertions.within(0.01));
    }
  }

  private static List<EpochMetrics> metrics(Path run) throws IOException {
    return MetricsCsv.parse(Files.readString(run.resolve("metrics.csv")));
  }

  /** Without a common parent. */
  @ParameterizedTest
  @CsvSource({"KILL, 1", "STOP, 0", "STOP, 1"})
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aRankThatIsKilledOrHangsEndsTheOthersWithinAMinute(String signal, int lost)
      throws Exception {
    List<Process> ranks = startedRanks(temporary.resolve("run"));
    String pid = Long.toString(ranks.get(lost).pid());
    new ProcessBuilder("kill", "-" + signal, pid).start().waitFor();
    Process other = ranks.get(1 - lost);
    assertThat(other.waitFor(1, TimeUnit.MINUTES)).as(() -> read(log())).isTrue();
    assertThat(other.exitValue()).isEqualTo(1);
    assertThat(lastLine()).isEqualTo("noisylr: rank %d is lost", lost);
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aSignalToOneRankStopsAllAndSaves() throws Exception {
    Path run = temporary.resolve("run");
    List<Process> ranks = startedRanks(run);
    Process zero = ranks.get(0);
    Process one = ranks.get(1);
    one.destroy();
    assertThat(one.waitFor()).isEqualTo(128 + 15);
    assertThat(zero.waitFor()).isEqualTo(1);
    assertThat(lastLine())
        .matches("noisylr: stopped (after|in epoch) .*; resume with: noisylr train --resume .*");
    assertThat(RunFolder.epochsDone(run)).isPositive();
  }

  @Test
  void ranksWithDifferentOptionsAreRejectedInOneLine() throws Exception {
    int port = freePort();
    Process zero = rank(0, port, OPTIONS + "5");
    Process one = rank(1, port, OPTIONS + "5 --weight-decay 0.5");
    assertThat(zero.waitFor()).isEqualTo(2);
    assertThat(one.waitFor()).isEqualTo(2);
    assertThat(read(log()).lines().filter(line -> line.startsWith("noisylr: ")))
        .containsExactly(
            "noisylr: all ranks must have the same configuration, but"
                + " training.optimizer.weight_decay is 1.0E-4 on rank 0, but 0.5 on rank 1");
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void anExperimentTrainsARunOfTwoProcesses() {
    RunStore store = new RunStore(temporary.resolve("store"));
    Path alone = temporary.resolve("alone");
    Invocation.finish(OPTIONS + "1 --out " + alone);
    RunConfig config = RunDirectory.readConfig(alone).orElseThrow().withProcesses(2);
    String key = RunStore.key(config);
    Job job = new Job("two processes", key, config);
    ByteArrayOutputStream console = new ByteArrayOutputStream();
    JobRunner.Tally tally =
        new JobRunner(
                store,
                ExperimentWorkerCommand.programs(store.root()),
                new StopSignal(),
                new PrintStream(console),
                new PrintStream(console))
            .run(List.of(job), 1);
    assertThat(tally).as(console::toString).isEqualTo(new JobRunner.Tally(1, 0, 0, 0));
    assertThat(store.finished(key)).isPresent();
    assertThat(store.config(key)).contains(config);
  }

  /** Starts two ranks without a common parent, and waits for the first epoch. */
  private List<Process> startedRanks(Path run) throws Exception {
    int port = freePort();
    String command = OPTIONS + "50 --out " + run;
    List<Process> ranks = List.of(rank(0, port, command), rank(1, port, command));
    await(ranks.get(0), log(), () -> RunFolder.epochsDone(run) >= 1);
    return ranks;
  }

  private Process rank(int rank, int port, String command) throws IOException {
    return programs.start(
        log(),
        Map.of(
            "RANK",
            Integer.toString(rank),
            "WORLD_SIZE",
            "2",
            "MASTER_ADDR",
            "localhost",
            "MASTER_PORT",
            Integer.toString(port)),
        command);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  private static long ranks(Process parent) {
    return parent.children().count();
  }

  /** Returns a rank; ranks are started in their order. */
  private static ProcessHandle rank(Process parent, int rank) {
    return parent
        .children()
        .sorted((a, b) -> Long.compare(a.pid(), b.pid()))
        .skip(rank)
        .findFirst()
        .orElseThrow();
  }

  private String lastLine() {
    return read(log()).lines().reduce((first, second) -> second).orElse("");
  }
}
