package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.run.ShortRun.assertResumesToTheSameEnd;
import static org.noisylr.train.run.ShortRun.checkpoint;
import static org.noisylr.train.run.ShortRun.config;
import static org.noisylr.train.run.ShortRun.execute;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;
import org.noisylr.train.checkpoint.SafeTensors;

/**
 * Cut, altered and foreign files in a run's directory: the run resumes from the newest good
 * checkpoint to the same end, or ends with one error that names the file. {@code
 * -Dreliability=long} tries many more offsets.
 */
@Tag("slow")
class DamagedRunTest {
  private static final boolean LONG = "long".equals(System.getProperty("reliability"));
  private static final int OFFSETS = LONG ? 1000 : 10;

  @TempDir private Path temporary;

  /** A run of all epochs without its result, as if killed just before that was written. */
  private Path unfinished() throws IOException {
    Path run = temporary.resolve("run");
    execute(run);
    Files.delete(run.resolve("result.json"));
    return run;
  }

  private static Path newest(Path run) {
    return checkpoint(run, 3);
  }

  private static Path previous(Path run) {
    return checkpoint(run, 2);
  }

  /** Resumes a run whose newest checkpoint has the given content. */
  private static void assertSkips(byte[] damaged, Path run, String change) throws IOException {
    byte[] good = Files.readAllBytes(previous(run));
    assertDamaged(newest(run), damaged, change);
    assertResumesToTheSameEnd(run);
    assertThat(Files.readAllBytes(previous(run))).as(change).isEqualTo(good);
    Files.delete(run.resolve("result.json"));
  }

  private static void assertDamaged(Path file, byte[] content, String change) throws IOException {
    Files.write(file, content);
    assertThatThrownBy(() -> SafeTensors.read(file).close())
        .as(change)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " is not a valid safetensors file: ");
  }

  /** Offsets at the ends of a checkpoint's parts, and random ones. */
  private static int[] offsets(byte[] content) {
    int header = 8 + (content[0] & 0xff) + ((content[1] & 0xff) << 8);
    IntStream ends =
        IntStream.of(0, 1, 7, 8, 9, 40, 100, header - 1, header, header + 1, content.length - 1);
    return IntStream.concat(ends, new Random(1).ints(OFFSETS, 0, content.length)).toArray();
  }

  @Test
  void aTruncatedCheckpointIsSkipped() throws IOException {
    Path run = unfinished();
    byte[] whole = Files.readAllBytes(newest(run));
    for (int length : offsets(whole)) {
      assertSkips(Arrays.copyOf(whole, length), run, "truncated to " + length);
    }
  }

  @Test
  void aCheckpointWithAFlippedBitIsSkipped() throws IOException {
    Path run = unfinished();
    byte[] whole = Files.readAllBytes(newest(run));
    Random random = new Random(2);
    for (int offset : offsets(whole)) {
      byte[] flipped = whole.clone();
      flipped[offset] ^= (byte) (1 << random.nextInt(8));
      assertSkips(flipped, run, "flipped a bit of byte " + offset);
    }
  }

  @Test
  void everyTruncationAndEveryFlippedByteOfASmallCheckpointIsDetected() throws IOException {
    Path file = temporary.resolve("small.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", torch.rand(3, 4));
    tensors.put("steps", Tensor.create(new long[] {7}));
    SafeTensors.write(file, tensors, Map.of("format", "a test", "metrics", "epoch\n0\n"));
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      assertDamaged(file, Arrays.copyOf(whole, i), "truncated to " + i);
      for (int flip : LONG ? IntStream.range(1, 256).toArray() : new int[] {1, 0x80, 0xff}) {
        byte[] flipped = whole.clone();
        flipped[i] ^= (byte) flip;
        assertDamaged(file, flipped, "flipped byte " + i);
      }
    }
    assertDamaged(file, Arrays.copyOf(whole, whole.length + 1), "one byte more");
  }

  @Test
  void withoutAGoodCheckpointTheRunDoesNotStartAgain() throws IOException {
    Path run = unfinished();
    for (int epochs : new int[] {2, 3}) {
      Files.write(checkpoint(run, epochs), new byte[5]);
    }
    assertRejected(
        () -> execute(run),
        "%s is not a valid safetensors file: it has 5 bytes, fewer than the 8 of a length, and there is no good checkpoint; delete the folder %s to start again"
            .formatted(newest(run), run));
    assertThat(newest(run)).hasSize(5);
    for (int epochs : new int[] {2, 3}) {
      Files.delete(checkpoint(run, epochs));
    }
    assertRejected(
        () -> execute(run),
        "%s lists epochs, but there is no checkpoint to resume from; delete the folder %s to start again"
            .formatted(run.resolve("metrics.csv"), run));
  }

  @Test
  void aRunWithoutItsConfigurationIsNotOverwritten() throws IOException {
    Path run = unfinished();
    Files.delete(run.resolve("config.yaml"));
    assertRejected(
        () -> execute(config(0.01), run, false),
        run + " already holds a run; add --resume to continue it, or choose another folder");
    assertRejected(
        () -> RunDirectory.readConfig(run),
        run + " has checkpoints but no config.yaml; repeat the original options to resume");
    assertRejected(
        () -> execute(config(0.02), run, true),
        newest(run)
            + ": it belongs to a run with another configuration: training.schedule.lr is 0.01, not"
            + " 0.02");
    assertThat(run.resolve("config.yaml")).doesNotExist();
    assertResumesToTheSameEnd(run);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "format | format must be 'noisylr checkpoint 3', but is noisylr checkpoint 1",
        "config | it belongs to a run with another configuration: training.schedule.lr is 0.02, not 0.01",
        "model | the checkpoint's tensor 'model.fc1.weight' does not match the model",
        "epochs_done | epochs_done must be 3, the number of epochs in its metrics, but is 2",
        "steps_done | steps_done must be an integer, but is one",
        "step | the checkpoint's tensors of an unfinished epoch do not match 1 completed steps of 2"
      },
      quoteCharacter = '"')
  void aForeignCheckpointIsRejectedAndThePreviousOneNamed(String change, String message)
      throws IOException {
    Path run = unfinished();
    try (SafeTensors content = SafeTensors.read(newest(run))) {
      Map<String, String> metadata = new LinkedHashMap<>(content.metadata());
      Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
      switch (change) {
        case "format" -> metadata.put("format", "noisylr checkpoint 1");
        case "config" -> metadata.put("config", RunFormat.toYaml(config(0.02)));
        case "model" -> tensors.put("model.fc1.weight", torch.rand(3, 4));
        case "epochs_done" -> metadata.put("epochs_done", "2");
        case "steps_done" -> metadata.put("steps_done", "one");
        default -> metadata.put("steps_done", "1");
      }
      SafeTensors.write(newest(run), tensors, metadata);
    }
    byte[] foreign = Files.readAllBytes(newest(run));
    byte[] good = Files.readAllBytes(previous(run));
    assertRejected(
        () -> execute(run),
        "%s: %s; delete it to resume from the newest good checkpoint, %s"
            .formatted(newest(run), message, previous(run)));
    assertThat(Files.readAllBytes(newest(run))).isEqualTo(foreign);
    assertThat(Files.readAllBytes(previous(run))).isEqualTo(good);
    Files.move(newest(run), run.resolve("foreign"), StandardCopyOption.ATOMIC_MOVE);
    assertResumesToTheSameEnd(run);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theResultOfAnUnknownRunIsNotReturned(boolean resume) throws IOException {
    Path run = temporary.resolve("run");
    execute(run);
    Files.delete(run.resolve("config.yaml"));
    RunDirectory.deleteCheckpoints(run);
    byte[] result = Files.readAllBytes(run.resolve("result.json"));
    assertRejected(
        () -> execute(config(0.01), run, resume),
        run
            + (resume
                ? " holds run files but no config.yaml and no readable checkpoint; choose another"
                    + " folder"
                : " already holds a run; add --resume to continue it, or choose another folder"));
    assertThat(run.resolve("config.yaml")).doesNotExist();
    assertThat(Files.readAllBytes(run.resolve("result.json"))).isEqualTo(result);
  }

  @Test
  void aFileThatIsNotTextIsRejected() throws IOException {
    Path run = unfinished();
    Files.write(run.resolve("config.yaml"), new byte[] {'a', (byte) 0xff});
    assertRejected(
        () -> RunDirectory.readConfig(run),
        "cannot read " + run.resolve("config.yaml") + ": it is not text in UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.yaml", "metrics.csv", "result.json", "timing.csv"})
  void aTruncatedOrAlteredTextFileIsReadOrRejectedByName(String name) throws IOException {
    Path run = temporary.resolve("run");
    execute(run);
    Path file = run.resolve(name);
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i += LONG ? 1 : 7) {
      byte[] flipped = whole.clone();
      flipped[i] ^= (byte) 0x85;
      for (byte[] content : List.of(Arrays.copyOf(whole, i), flipped)) {
        Files.write(file, content);
        Throwable error = catchThrowable(() -> execute(run));
        if (error != null) {
          assertThat(error)
              .as("%s: %s", name, i)
              .isInstanceOf(InputException.class)
              .hasMessageContaining(run.toString());
          assertThat(error.getMessage()).hasLineCount(1).doesNotContain("Exception");
        }
      }
    }
  }
}
