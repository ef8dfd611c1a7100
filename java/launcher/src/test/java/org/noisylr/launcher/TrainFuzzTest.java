package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The first line of an input is the further arguments of {@code train}; the other lines are the
 * file for {@code --config}. No input trains, because the data is missing.
 */
class TrainFuzzTest {
  private static final String NO_DATA = "/no/such/data";

  @TempDir private static Path folder;
  private static Path valid;

  @BeforeAll
  static void writeConfiguration() throws IOException {
    Path run = folder.resolve("run");
    assertThat(
            Invocation.of(
                    "train --data fashion-mnist-mini --subset 9 --test-subset 9 --model cnn28 --lr"
                        + " 0.1 --schedule clr --noise gaussian --epochs 1 --out "
                        + run)
                .exit())
        .isZero();
    valid = run.resolve("config.yaml");
  }

  static Stream<byte[]> valid() throws IOException {
    String config = Files.readString(valid);
    return Stream.of(
            "",
            "--epochs 9 --schedule cosine --warmup-epochs 2 --lr 0.3",
            "--optimizer momentum --nesterov --momentum-form keras --momentum 0.5",
            "--validation 0.1 --early-stop 3 --accumulate 4 --clip-norm 1 --ema 0.99",
            "--label-smoothing 0.1 --test-subset 5 --augment none --precision bf16",
            "--noise uniform --low 0.5 --high 2 --noise-per step --seed -3")
        .map(options -> (options + "\n" + config).getBytes(StandardCharsets.UTF_8));
  }

  static Stream<byte[]> seeds() throws IOException {
    return Stream.concat(
        valid(),
        Stream.of(
                "--validation 1e-320\n",
                "--ema NaN\n{}",
                "--early-stop 99999999999\n- 1",
                "\n" + Files.readString(valid).replace("epochs: 1", "epochs: 0"),
                "\n" + Files.readString(valid).replace("type: clr", "type: sequence"),
                "\n" + Files.readString(valid).replace("padding: 0", "padding: 3"))
            .map(text -> text.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @MethodSource("valid")
  void onlyTheDataIsMissing(byte[] input) throws IOException {
    assertThat(train(input).err()).contains(NO_DATA);
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    train(input);
  }

  private static Invocation train(byte[] input) throws IOException {
    String[] parts = new String(input, StandardCharsets.UTF_8).split("\n", 2);
    Path config = folder.resolve("config");
    Files.writeString(config, parts.length == 1 ? "" : parts[1]);
    Invocation outcome =
        Invocation.of(
            Stream.concat(
                    Stream.of("train", "--data", NO_DATA, "--config", config.toString()),
                    Arrays.stream(parts[0].split(" ")).filter(TrainFuzzTest::isWanted))
                .toArray(String[]::new));
    assertThat(outcome.exit()).isEqualTo(Noisylr.BAD_INPUT);
    assertThat(outcome.err())
        .matches("(noisylr: warning: \\P{Cntrl}+\n)*noisylr: \\P{Cntrl}+\n")
        .doesNotContain("because \"")
        .doesNotEndWith(": null\n");
    return outcome;
  }

  /** No help, no other data, no other process. */
  private static boolean isWanted(String option) {
    return !option.isEmpty()
        && Stream.of("-h", "-V", "--he", "--ver", "--d", "--pro", "--j")
            .noneMatch(option::startsWith);
  }
}
