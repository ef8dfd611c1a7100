package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.launcher.Programs.await;
import static org.noisylr.launcher.Programs.read;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Processes that are killed or stopped resume, and produce the same bytes as undisturbed ones. One
 * run is killed once, and one is stopped on a terminal; with {@code -Dreliability=long}, runs of
 * all kinds are killed 20 times each, and stopped by signals.
 */
@Tag("slow")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class InterruptedRunTest {
  private static final int KILLS = Programs.LONG ? 20 : 1;

  /** Long enough that a run is not finished before its last kill. */
  private static final int EPOCHS = 3 * KILLS + 3;

  /** The kinds of runs. */
  enum Kind {
    /** Augmentation, noise, step decay; fused steps. */
    CNN(
        "--data fashion-mnist-mini --subset 300 --model cnn28 --lr 0.05 --schedule step --milestones"
            + " 3:0.5,9:0.2 --noise uniform --beta 0.8 --augment crop-mirror"),
    /** An LSTM with dropout. */
    LSTM(
        "--data generated:imdb --subset 45 --model lstm --lr 0.001 --optimizer rmsprop --noise"
            + " uniform --alpha 2 --batch-size 20"),
    /** Batch norm, Gaussian noise, cyclic rates; stock steps of Adam. */
    RESNET(
        "--data generated:cifar10 --subset 24 --model resnet20 --lr 0.001 --peak-lr 0.006 --schedule"
            + " clr --cycle-epochs 4 --optimizer adam --optimizer-impl stock --noise gaussian --mean"
            + " 1 --std 0.5 --batch-size 12"),
    /** L4, whose steps depend on the loss, with warm restarts. */
    L4(
        "--data fashion-mnist-mini --subset 500 --model cnn28 --lr 0.15 --schedule wr"
            + " --restart-epochs 3 --optimizer l4adam --noise uniform --alpha 2");

    private final String options;

    Kind(String options) {
      this.options = options;
    }

    String command(Path out) {
      return "train --threads 1 --seed 3 %s --epochs %d --device cpu --out %s"
          .formatted(options, EPOCHS, out);
    }
  }

  @TempDir private static Path undisturbed;

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path temporary;

  private static Path undisturbed(Kind kind) {
    Path run = undisturbed.resolve(kind.name());
    if (!Files.exists(run)) {
      Invocation.finish(kind.command(run));
    }
    return run;
  }

  static Set<Kind> kinds() {
    return Programs.LONG ? EnumSet.allOf(Kind.class) : EnumSet.of(Kind.CNN);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aRunThatIsKilledAtRandomMomentsLeavesTheBytesOfAnUndisturbedOne(Kind kind) throws Exception {
    Path killed = temporary.resolve("killed");
    Random random = new Random(kind.ordinal());
    for (int kill = 0; kill < KILLS; kill++) {
      int epochs = RunFolder.epochsDone(killed) + 1;
      // Alternately at any moment of an epoch, and while a file is being written.
      boolean anyMoment = (kill + kind.ordinal()) % 2 == 0;
      BooleanSupplier moment =
          anyMoment
              ? () ->
                  RunFolder.epochsDone(killed) >= epochs
                      && Files.exists(killed.resolve("config.yaml"))
              : () -> RunFolder.epochsDone(killed) >= epochs && isWriting(killed);
      long microseconds = random.nextInt(anyMoment ? 250_000 : 3_000);
      kill(kind.command(killed), killed, moment, microseconds);
      assertThat(killed.resolve("result.json")).doesNotExist();
    }
    Invocation.finish(kind.command(killed) + " --resume");
    RunFolder.assertSameFiles(killed, undisturbed(kind));
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aSignalSavesTheStepsAndTheMessageNamesTheCommandToResume() throws Exception {
    Path stopped = temporary.resolve("stopped");
    stop(Kind.CNN.command(stopped), stopped, 2, isIgnored(2) ? 15 : 2);
    stop("train --resume --out " + stopped, stopped, 4, 15);
    Invocation.finish("train --resume --out " + stopped);
    RunFolder.assertSameFiles(stopped, undisturbed(Kind.CNN));
  }

  @Test
  void ctrlCOnATerminalSavesTheStepsWhileTheBarIsDrawn() throws Exception {
    String command =
        "train --data fashion-mnist-mini --subset 500 --model cnn28 --lr 0.01 --batch-size 8"
            + " --epochs 3 --threads 1 --device cpu --out ";
    Path stopped = temporary.resolve("stopped");
    Path log = temporary.resolve("terminal");
    Process process = programs.startOnTerminal(log, command + stopped);
    await(process, log, () -> read(log).contains("epoch 1/3"));
    process.getOutputStream().write(3);
    process.getOutputStream().flush();
    assertThat(process.waitFor()).as(() -> read(log)).isEqualTo(128 + 2);
    assertThat(read(log))
        .containsPattern("stopped in epoch 1 of 3 .*; resume with: noisylr train --resume --out ");
    Invocation.finish("train --resume --out " + stopped);
    Path whole = temporary.resolve("whole");
    Invocation.finish(command + whole);
    RunFolder.assertSameFiles(stopped, whole);
  }

  /** Starts or resumes a run, and stops it with a signal after some epochs. */
  private void stop(String command, Path run, int epochs, int signal) throws Exception {
    Path log = temporary.resolve("stopped-%d.log".formatted(epochs));
    Process process = programs.start(log, command);
    await(process, log, () -> RunFolder.epochsDone(run) >= epochs);
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    assertThat(process.waitFor()).isEqualTo(128 + signal);
    assertThat(read(log))
        .containsPattern(
            "noisylr: stopped (after|in epoch) .*; resume with: noisylr train --resume --out "
                + run
                + "\n");
    assertThat(run.resolve("result.json")).doesNotExist();
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void librariesOfAProcessThatIsKilledWhileItUnpacksThemAreUnpackedAgain() throws Exception {
    Path cache = temporary.resolve("cache");
    String option = "-Dorg.bytedeco.javacpp.cachedir=" + cache;
    Path log = temporary.resolve("log");
    Process first = programs.start(log, "doctor", option);
    await(first, log, () -> sizeOf(cache, "libtorch_cpu.so") > 1 << 20);
    first.destroyForcibly().waitFor();
    long part = sizeOf(cache, "libtorch_cpu.so");

    // One of the two waits until the other has unpacked them.
    Process second = programs.start(log, "doctor", option);
    Process third = programs.start(log, "doctor", option);
    assertThat(second.waitFor()).as(() -> read(log)).isZero();
    assertThat(third.waitFor()).as(() -> read(log)).isZero();
    assertThat(sizeOf(cache, "libtorch_cpu.so")).isGreaterThan(part);
  }

  private static long sizeOf(Path folder, String name) {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.find(folder, 9, (file, attributes) -> file.endsWith(name))) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      return 0; // A file appeared or disappeared.
    }
  }

  /** Returns whether this process, and so its child processes, ignore a signal. */
  private static boolean isIgnored(int signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .anyMatch(line -> new BigInteger(line.split("\\s+")[1], 16).testBit(signal - 1));
  }

  /** Starts or resumes a run, and kills it some time after a moment. */
  private void kill(String command, Path run, BooleanSupplier moment, long microseconds)
      throws Exception {
    Path log = temporary.resolve("log");
    Process process = programs.start(log, command + (Files.exists(run) ? " --resume" : ""));
    await(process, log, moment);
    TimeUnit.MICROSECONDS.sleep(microseconds);
    process.destroyForcibly();
    assertThat(process.waitFor()).as(() -> read(log)).isEqualTo(128 + 9);
  }

  private static boolean isWriting(Path run) {
    return RunFolder.names(run).anyMatch(name -> name.endsWith(".tmp"));
  }
}
