package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The input is the arguments of {@code lr}, one a line. Inputs that write files are skipped. */
class LrFuzzTest {
  static Stream<byte[]> valid() {
    return lines(
        "--lr 0.1",
        "--lr 0.1 --schedule step --milestones 80:0.1,120:0.1",
        "--lr 0.1 --schedule exp --decay-rate 0.96 --decay-steps 600",
        "--lr 0.1 --schedule clr --peak-lr 0.3 --cycle-epochs 16 --milestones 5:0.1",
        "--lr 0.1 --schedule wr --restart-epochs 10 --restart-mult 2 --final-lr 0",
        "--lr 0.1 --noise uniform --alpha 8 --beta 0.6 --noise-min-lr 0 --noise-max-lr 1",
        "--lr 0.1 --noise gaussian --mean 4 --std 1 --noise-per step --seed 9",
        "--lr 0.1 --noise uniform --noise-groups independent --epochs 20 --steps-per-epoch 3");
  }

  static Stream<byte[]> seeds() {
    return Stream.concat(
        valid(),
        lines(
            "--lr 1e400",
            "--lr NaN",
            "--lr 0.1 --noise uniform --alpha Infinity",
            "--lr 0.1 --epochs 9223372036854775807",
            "--lr 0.1 --epochs 2147483647 --steps-per-epoch 2147483647",
            "--lr 1e308 --noise uniform --alpha 1e308",
            "--lr 0.1 --schedule step --milestones 99999999999999999999:0.1",
            "--lr 0.1 --schedule wr --restart-epochs 1e-300 --restart-mult 1e300"));
  }

  private static Stream<byte[]> lines(String... lines) {
    return Stream.of(lines).map(line -> line.replace(' ', '\n').getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @MethodSource("valid")
  void validOptionsAreAccepted(byte[] lines) {
    assertThat(exitOf(lines)).isZero();
  }

  @MethodSource("seeds")
  @FuzzTest
  void lr(byte[] lines) {
    exitOf(lines);
  }

  /** Runs {@code lr} unless it would write files. */
  private static int exitOf(byte[] lines) {
    String[] options = new String(lines, StandardCharsets.UTF_8).split("\n");
    if (Arrays.stream(options).anyMatch(o -> o.matches("(?s).*--(csv|png|svg|pdf).*"))) {
      return 0;
    }
    Invocation outcome =
        Invocation.of(Stream.concat(Stream.of("lr"), Stream.of(options)).toArray(String[]::new));
    if (outcome.exit() == 0) {
      assertThat(outcome.err()).matches("(noisylr: warning: \\P{Cntrl}+\n){0,2}");
      assertThat(outcome.out()).isNotEmpty();
    } else {
      assertThat(outcome.exit()).isEqualTo(Noisylr.BAD_INPUT);
      assertThat(outcome.err())
          .matches("noisylr: \\P{Cntrl}+\n")
          .doesNotContain("because \"")
          .doesNotEndWith(": null\n");
    }
    return outcome.exit();
  }
}
