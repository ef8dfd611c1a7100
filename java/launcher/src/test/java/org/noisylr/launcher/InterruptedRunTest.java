package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real processes, killed at random instants, go on and leave the same bytes as undisturbed ones.
 * Four times as many are killed with {@code -Dreliability=long}.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
@Execution(ExecutionMode.CONCURRENT)
class InterruptedRunTest {
  private static final int KILLS = "long".equals(System.getProperty("reliability")) ? 20 : 5;

  /** Enough that a run is not finished before it is killed so often. */
  private static final int EPOCHS = 3 * KILLS + 4;

  /** What runs are made of. */
  enum Kind {
    /** Augmentation, noise, a schedule of steps; fused steps. */
    CNN(
        "--data fashion-mnist-mini --subset 600 --model cnn28 --lr 0.05 --schedule step"
            + " --milestones 3:0.5,9:0.2 --noise uniform --beta 0.8 --augment crop-mirror --epochs %d"),
    /** Batch norm, Gaussian noise a step, cyclic rates; stock steps of Adam. */
    RESNET(
        "--data generated:cifar10 --subset 24 --model resnet20 --lr 0.001 --peak-lr 0.006"
            + " --schedule clr --cycle-epochs 4 --optimizer adam --optimizer-impl stock --noise gaussian"
            + " --mean 1 --std 0.5 --batch-size 12 --epochs %d"),
    /** An LSTM with dropout. */
    LSTM(
        "--data generated:imdb --subset 45 --model lstm --lr 0.001 --optimizer rmsprop --noise"
            + " uniform --alpha 2 --batch-size 20 --epochs %d"),
    /** L4, whose steps depend on the loss, with warm restarts. */
    L4(
        "--data fashion-mnist-mini --subset 500 --model cnn28 --lr 0.15 --schedule wr --restart-epochs"
            + " 3 --optimizer l4adam --noise uniform --alpha 2 --epochs %d");

    private final String options;

    Kind(String options) {
      this.options = options;
    }

    List<String> arguments(Path out, int epochs) {
      String all = "train --threads 1 --seed 3 " + options.formatted(epochs);
      List<String> arguments = new ArrayList<>(List.of(all.split(" ")));
      arguments.addAll(List.of("--device", "cpu", "--out", out.toString()));
      return arguments;
    }
  }

  @TempDir private Path temporary;
  private final List<Process> processes = new ArrayList<>();
  private Path log;

  @AfterEach
  void end() {
    processes.forEach(Process::destroyForcibly);
  }

  private Process start(Path output, List<String> arguments) throws IOException {
    Process process = Program.start(output, arguments);
    processes.add(process);
    return process;
  }

  @ParameterizedTest
  @EnumSource
  void aRunKilledAtRandomInstantsLeavesTheBytesOfAnUndisturbedOne(Kind kind) throws Exception {
    Path undisturbed = temporary.resolve("undisturbed");
    finish(kind.arguments(undisturbed, EPOCHS));

    Path killed = temporary.resolve("killed");
    Random random = new Random(kind.ordinal());
    for (int kill = 0; kill < KILLS; kill++) {
      int epochs = kill == 0 ? 0 : epochsDone(killed) + 1;
      // By turns at any instant of an epoch, and while something is being written.
      BooleanSupplier moment =
          kill % 2 == 0
              ? () -> epochsDone(killed) >= epochs && Files.exists(killed.resolve("config.yaml"))
              : () -> epochsDone(killed) >= epochs && isWriting(killed);
      long microseconds = random.nextInt(kill % 2 == 0 ? 250_000 : 3_000);
      kill(kind.arguments(killed, EPOCHS), killed, moment, microseconds);
      assertThat(killed.resolve("result.json")).doesNotExist();
    }
    List<String> resume = kind.arguments(killed, EPOCHS);
    resume.add("--resume");
    finish(resume);
    assertSameFiles(killed, undisturbed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void aSignalSavesTheStepsDoneAndSaysHowToGoOn(String signal) throws Exception {
    assumeFalse(
        signal.equals("INT") && isIgnored(2),
        "SIGINT is ignored by this process and so by those that it starts");
    Path undisturbed = temporary.resolve("undisturbed");
    finish(Kind.CNN.arguments(undisturbed, 8));

    Path stopped = temporary.resolve("stopped");
    log = temporary.resolve("stopped.log");
    Process process = start(log, Kind.CNN.arguments(stopped, 8));
    await(process, () -> epochsDone(stopped) >= 2);
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    assertThat(process.waitFor()).isEqualTo(signal.equals("TERM") ? 128 + 15 : 128 + 2);
    assertThat(Files.readString(log))
        .containsPattern(
            "noisylr: stopped (after|in epoch) .*; go on with: noisylr train --resume --out "
                + stopped
                + "\n");
    assertThat(stopped.resolve("result.json")).doesNotExist();
    finish(List.of("train", "--resume", "--out", stopped.toString()));
    assertSameFiles(stopped, undisturbed);
  }

  @Test
  void aFirstStartKilledWhileItUnpacksIsMendedByTheNext() throws Exception {
    Path cache = temporary.resolve("cache");
    List<String> options = List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache);
    log = temporary.resolve("first.log");
    Process first = Program.start(log, options, List.of("doctor"));
    processes.add(first);
    await(first, () -> sizeOf(cache, "libtorch_cpu.so") > 1 << 20);
    first.destroyForcibly().waitFor();
    long part = sizeOf(cache, "libtorch_cpu.so");

    // Two at once, of which one waits for what the other unpacks.
    for (String name : List.of("next.log", "other.log")) {
      processes.add(Program.start(temporary.resolve(name), options, List.of("doctor")));
    }
    for (Process next : processes.subList(1, 3)) {
      assertThat(next.waitFor()).as(read(temporary.resolve("next.log"))).isZero();
    }
    assertThat(sizeOf(cache, "libtorch_cpu.so")).isGreaterThan(part);
  }

  private static long sizeOf(Path folder, String name) {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.find(folder, 9, (file, attributes) -> file.endsWith(name))) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      return 0; // a file came or went
    }
  }

  /** Whether this process ignores a signal, which processes that it starts inherit. */
  private static boolean isIgnored(int signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .anyMatch(line -> new BigInteger(line.split("\\s+")[1], 16).testBit(signal - 1));
  }

  private void finish(List<String> arguments) throws Exception {
    Path output = Files.createTempFile(temporary, "finished", ".log");
    int exit = start(output, arguments).waitFor();
    assertThat(exit).as(Files.readString(output)).isZero();
  }

  /** Begins or goes on with a run and kills it some time after a moment. */
  private void kill(List<String> arguments, Path run, BooleanSupplier moment, long microseconds)
      throws Exception {
    log = temporary.resolve("killed.log");
    List<String> all = new ArrayList<>(arguments);
    if (Files.exists(run)) {
      all.add("--resume");
    }
    Process process = start(log, all);
    await(process, moment);
    TimeUnit.MICROSECONDS.sleep(microseconds);
    process.destroyForcibly();
    assertThat(process.waitFor()).as(Files.readString(log)).isEqualTo(128 + 9);
  }

  private void await(Process process, BooleanSupplier moment) throws Exception {
    while (!moment.getAsBoolean()) {
      assertThat(process.isAlive()).as(() -> read(log)).isTrue();
      TimeUnit.MICROSECONDS.sleep(200);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The epochs in the newest checkpoint. */
  private static int epochsDone(Path run) {
    return names(run)
        .filter(name -> name.matches("checkpoint-\\d{6}.*\\.safetensors"))
        .mapToInt(name -> Integer.parseInt(name.substring(11, 17)))
        .max()
        .orElse(0);
  }

  private static boolean isWriting(Path run) {
    return names(run).anyMatch(name -> name.endsWith(".tmp"));
  }

  private static Stream<String> names(Path run) {
    String[] names = run.toFile().list();
    return names == null ? Stream.empty() : Stream.of(names);
  }

  /** Compares all files but the wall times. */
  private static void assertSameFiles(Path run, Path other) throws IOException {
    assertThat(kept(run)).isEqualTo(kept(other)).hasSize(6);
    for (String name : kept(run)) {
      assertThat(Files.mismatch(run.resolve(name), other.resolve(name))).as(name).isEqualTo(-1);
    }
  }

  private static Set<String> kept(Path run) {
    return names(run)
        .filter(name -> !name.equals("timing.csv"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
