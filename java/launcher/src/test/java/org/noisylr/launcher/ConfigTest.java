package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The configuration of a run as the start of another one, and a run with more epochs. */
class ConfigTest {
  private static final String TRAIN =
      "train --data fashion-mnist-mini --subset 24 --test-subset 10 --batch-size 12 --model cnn28"
          + " --threads 1 --device cpu --lr 0.01 --out ";

  @TempDir private Path temporary;

  private Path run(String name, String command) {
    Path run = temporary.resolve(name);
    Invocation outcome = Invocation.of(command + run);
    assertThat(outcome.exit()).as(outcome.err()).isZero();
    return run;
  }

  private static List<String> lines(Path run, String file) throws IOException {
    return Files.readAllLines(run.resolve(file));
  }

  private static void assertSame(Path run, Path expected) throws IOException {
    for (String file : List.of("config.yaml", "metrics.csv", "result.json")) {
      assertThat(lines(run, file)).isEqualTo(lines(expected, file));
    }
  }

  private static String options(String options) {
    return TRAIN.replace("--out", options + " --out");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--epochs 2 --schedule step --milestones 1:0.1 --noise uniform --beta 0.5 --optimizer adam",
        "--epochs 1 --schedule exp --noise uniform --low 0.5 --high 2 --noise-per step --nesterov",
        "--epochs 1 --schedule clr --milestones 3:0.5 --noise gaussian --noise-max-lr 0.05",
        "--epochs 1 --schedule wr --noise log-uniform --low 0.1 --high 3 --momentum-form keras",
        "--epochs 2 --schedule cosine --warmup-epochs 0.5 --accumulate 2 --clip-norm 1 --ema 0.9",
        "--epochs 1 --schedule poly --power 2 --label-smoothing 0.1 --augment crop --seed 7",
        "--epochs 3 --schedule one-cycle --early-stop 1 --validation 0.5 --precision bf16",
        "--epochs 2 --schedule inverse-sqrt --warmup-epochs 1 --weight-decay 0.5",
        "--epochs 3 --schedule wsd --decay-epochs 1 --optimizer sgd --optimizer-impl stock"
      })
  void aRunOfAConfigurationIsTheSameRun(String options) throws IOException {
    Path first = run("first", options(options));
    assertSame(run("second", "train --config " + first.resolve("config.yaml") + " --out "), first);
  }

  @Test
  void optionsOverrideTheConfiguration() throws IOException {
    String options = "--schedule step --milestones 1:0.1 --noise uniform --beta 0.5 --nesterov";
    Path first = run("first", options("--epochs 2 " + options));
    String config = "train --config " + first.resolve("config.yaml");
    assertSame(run("again", config + " --nesterov --out "), first);
    assertSame(
        run("longer", config + " --epochs 4 --lr 0.02 --out "),
        run("whole", options("--epochs 4 " + options).replace("--lr 0.01", "--lr 0.02")));
    assertSame(
        run("other", config + " --schedule cosine --noise gaussian --optimizer adam --out "),
        run(
            "same",
            options("--epochs 2 --schedule cosine --noise gaussian --beta 0.5 --optimizer adam")));
    Invocation both = Invocation.of(config + " --resume --out " + first);
    assertThat(both)
        .isEqualTo(new Invocation(2, "", "noisylr: --config and --resume exclude each other\n"));
  }

  @Test
  void aFinishedRunGoesOnWithMoreEpochs() throws IOException {
    String options = "--schedule cosine --noise uniform --beta 0.5";
    Path run = run("run", options("--epochs 2 " + options));
    Path whole = run("whole", options("--epochs 4 " + options));
    List<String> before = lines(run, "metrics.csv");
    String extend = "train --resume --epochs 4 --out " + run;
    assertThat(Invocation.of(extend).out()).contains("epoch 3/4", "epoch 4/4");
    assertThat(lines(run, "config.yaml")).isEqualTo(lines(whole, "config.yaml"));
    assertThat(lines(run, "metrics.csv")).hasSize(5).startsWith(before.toArray(String[]::new));
    for (int epoch = 3; epoch <= 4; epoch++) {
      assertThat(rates(lines(run, "metrics.csv").get(epoch)))
          .isEqualTo(rates(lines(whole, "metrics.csv").get(epoch)));
    }
    assertThat(Invocation.of("train --resume --out " + run).out()).contains("already finished");
    assertThat(Invocation.of("train --resume --epochs 3 --out " + run).err())
        .isEqualTo(
            "noisylr: --epochs of the run in %s must be at least 4, but is 3\n".formatted(run));
    assertThat(Invocation.of("train --resume --lr 0.5 --out " + run).err())
        .isEqualTo(
            "noisylr: %s holds a run with another configuration: training.schedule.lr is 0.01, not 0.5\n"
                .formatted(run));

    // An extension that was interrupted before it wrote the configuration, then after it.
    Path interrupted = run("interrupted", options("--epochs 2 " + options));
    Files.delete(interrupted.resolve("result.json"));
    assertThat(Invocation.of("train --resume --out " + interrupted).out()).contains("2 of 2");
    Files.delete(interrupted.resolve("result.json"));
    Files.write(interrupted.resolve("config.yaml"), lines(run, "config.yaml"));
    assertThat(Invocation.of("train --resume --out " + interrupted).exit()).isZero();
    assertSame(interrupted, run);
  }

  @Test
  void aRunIsExtendedByItsOwnOptionsOnly() throws IOException {
    String options = "--noise uniform --beta 0.35 --nesterov --epochs ";
    Path run = run("run", options(options + 4));
    for (String other : List.of("--lr 0.5", "--schedule cosine", "--beta 0.9")) {
      assertThat(
              Invocation.of("train --resume --epochs 20 %s --out %s".formatted(other, run)).err())
          .startsWith("noisylr: " + other.split(" ")[0] + " must be that of the run to extend, ")
          .hasLineCount(1);
    }
    // Repeating all options is as good as none.
    String same = options(options + 6) + run + " --resume";
    assertThat(Invocation.of(same).exit()).isZero();
    assertThat(lines(run, "metrics.csv")).hasSize(7);
  }

  @Test
  void aRunThatEndedEarlyIsNotExtended() throws IOException {
    Path run = run("run", options("--epochs 9 --early-stop 2").replace("--lr 0.01", "--lr 0"));
    assertThat(lines(run, "metrics.csv")).hasSize(4);
    assertThat(Invocation.of("train --resume --epochs 20 --out " + run).err())
        .isEqualTo(
            "noisylr: %s holds a run that ended early, after 2 epochs without a better score\n"
                .formatted(run));
    assertThat(Invocation.of("train --resume --out " + run).out()).contains("already finished");
  }

  @Test
  void aFinishedRunWithoutCheckpointsIsNotExtended() throws IOException {
    Path run = run("run", options("--epochs 1"));
    Files.delete(run.resolve("checkpoint-000001.safetensors"));
    assertThat(Invocation.of("train --resume --epochs 2 --out " + run))
        .isEqualTo(
            new Invocation(
                2, "", "noisylr: %s has no intact checkpoint to continue from\n".formatted(run)));
    assertThat(run.resolve("result.json")).exists();
    assertThat(Invocation.of("train --resume --out " + run).out()).contains("already finished");
  }

  private static List<String> rates(String row) {
    return List.of(row.split(",")).subList(0, 5);
  }

  @Test
  void aFileThatIsNoConfigurationIsRejected() throws IOException {
    Path file = temporary.resolve("config.yaml");
    assertThat(Invocation.of("train --config " + file).err())
        .isEqualTo("noisylr: cannot read " + file + ": no such file or folder\n");
    Files.writeString(file, "data: x\n");
    assertThat(Invocation.of("train --config " + file).err())
        .startsWith("noisylr: " + file + " is not a run's configuration: ")
        .hasLineCount(1);
  }
}
