package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that work on one folder at the same time take turns or are refused. */
@Timeout(300)
class TwoAtOnceTest {
  @TempDir private Path temporary;

  private final List<Process> processes = new ArrayList<>();
  private Path out;

  @AfterEach
  void end() {
    processes.forEach(Process::destroyForcibly);
  }

  private Process start(String log, String command) throws Exception {
    out = temporary.resolve("out");
    List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
    arguments.addAll(List.of("--out", out.toString()));
    Process process = Program.start(temporary.resolve(log), arguments);
    processes.add(process);
    return process;
  }

  private void await(Process process, Path file) throws Exception {
    while (!Files.exists(file)) {
      assertThat(process.isAlive()).isTrue();
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private String log(String name) throws Exception {
    return Files.readString(temporary.resolve(name));
  }

  @Test
  void aSecondRunIsRefusedInAFolderInUseAndTheFirstGoesOn() throws Exception {
    String train =
        "train --data fashion-mnist-mini --model cnn28 --lr 0.01 --epochs 4000 --subset 600 --threads"
            + " 1";
    Process first = start("first", train);
    await(first, out.resolve("metrics.csv"));
    for (String option : List.of("", " --resume")) {
      String log = "second" + option;
      Process second = start(log, train + option);
      assertThat(second.waitFor()).isEqualTo(2);
      assertThat(log(log)).isEqualTo("noisylr: " + out + " is in use by another run of noisylr\n");
    }
    assertThat(first.isAlive()).as(log("first")).isTrue();
    first.destroy();
    assertThat(first.waitFor()).isEqualTo(128 + 15);
    assertThat(log("first")).contains("go on with: noisylr train --resume --out ");
  }

  @Test
  void aSecondQuickstartIsRefusedInAFolderInUse() throws Exception {
    String quickstart = "quickstart --epochs 1 --seeds 1";
    Process first = start("first", quickstart);
    await(first, out.resolve(".lock"));
    Process second = start("second", quickstart);
    assertThat(second.waitFor()).isEqualTo(2);
    assertThat(log("second"))
        .endsWith("noisylr: " + out + " is in use by another run of noisylr\n");
    assertThat(first.waitFor()).as(log("first")).isZero();
    assertThat(out.resolve("report.html")).exists();
  }

  @Test
  void experimentsOnOneStoreShareTheRunsAndDoEachOnce() throws Exception {
    String run =
        "experiment run table2 --scale smoke --jobs 1 --device cpu --only cnn-mnist/*"
            + " --data-override mnist=fashion-mnist-mini";
    Process first = start("first", run);
    Process second = start("second", run);
    assertThat(first.waitFor()).as(log("first")).isZero();
    assertThat(second.waitFor()).as(log("second")).isZero();
    Pattern done = Pattern.compile("(\\d+) done, 0 failed|nothing to do");
    int runs = 0;
    for (String log : List.of("first", "second")) {
      Matcher matcher = done.matcher(log(log));
      assertThat(matcher.find()).as(log(log)).isTrue();
      runs += matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
    }
    assertThat(runs).isEqualTo(4);
    try (Stream<Path> files = Files.walk(out)) {
      assertThat(files.filter(file -> file.endsWith("result.json"))).hasSize(4);
    }
  }
}
