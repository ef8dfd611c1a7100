package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/**
 * Disks that are full or read-only, and files that are cut or altered: one error that names the
 * newest good checkpoint, from which the run then goes on to the same end. Many more sizes and
 * offsets are tried with {@code -Dreliability=long}.
 */
class DiskFaultTest {
  private static final boolean LONG = "long".equals(System.getProperty("reliability"));
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(64, 64);
  private static final int EPOCHS = 3;

  private static final RunConfig CONFIG = config(0.01);
  private static final Run UNDISTURBED = Run.execute(CONFIG, DATA, List.of());

  @TempDir private Path temporary;
  private Path mounted;

  private static RunConfig config(double lr) {
    return new RunConfig(
        "fashion-mnist-mini",
        64,
        64,
        ModelName.CNN28,
        null,
        "cpu",
        1,
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            new Constant(lr),
            NoiseSpec.uniform(8).seed(1),
            EPOCHS,
            32,
            Augmentation.NONE,
            Precision.FP32,
            1));
  }

  private static Run execute(Path directory, TrainingListener... listeners) {
    return Run.execute(CONFIG, DATA, directory, true, List.of(listeners), new StopSignal());
  }

  private static boolean mount(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }

  private Path diskOf(long bytes) throws Exception {
    mounted = Files.createTempDirectory(temporary, "disk");
    boolean done = mount("-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", mounted.toString());
    if (!done) {
      mounted = null;
    }
    assumeTrue(done, "only root may mount a small disk");
    return mounted;
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      assertThat(new ProcessBuilder("umount", mounted.toString()).start().waitFor()).isZero();
      mounted = null;
    }
  }

  /** The checkpoint that a message names, which must be sound; null if it says there is none. */
  private static Path goodCheckpoint(String message) throws IOException {
    assertThat(message).doesNotContain("Exception", "\n");
    Matcher named = Pattern.compile("; the newest good checkpoint is (.*)$").matcher(message);
    if (!named.find()) {
      assertThat(message).endsWith("; there is no good checkpoint");
      return null;
    }
    Path file = Path.of(named.group(1));
    try (SafeTensors content = SafeTensors.read(file)) {
      assertThat(content.metadata()).containsKey("epochs_done");
    }
    return file;
  }

  @Test
  void onADiskOfAnySizeTheRunEndsOrSaysThatItIsFullAndGoesOnWithMoreSpace() throws Exception {
    // Two checkpoints of 1.7 MB and a third beside them while it is written.
    int step = LONG ? 1 << 14 : 5 << 18;
    int failed = 0;
    int ended = 0;
    for (int size = 1 << 12; size < 6 << 20; size += step) {
      Path run = diskOf(size).resolve("run");
      Throwable error = catchThrowable(() -> execute(run));
      if (error == null) {
        ended++;
      } else {
        failed++;
        assertThat(error.getMessage())
            .startsWith("cannot write to " + run + ": no space left on device");
        Path good =
            error instanceof UncheckedIOException ? goodCheckpoint(error.getMessage()) : null;
        assertThat(good == null || good.startsWith(run)).isTrue();
        assertThat(mount("-o", "remount,size=16m", mounted.toString())).isTrue();
        assertThat(execute(run).metrics()).isEqualTo(UNDISTURBED.metrics());
      }
      unmount();
    }
    assertThat(failed).isPositive();
    assertThat(ended).isPositive();
  }

  @Test
  void aDiskThatOthersFillInBetweenStopsTheRunWithItsCheckpointNamed() throws Exception {
    Path disk = diskOf(16 << 20);
    Path run = disk.resolve("run");
    Path filler = disk.resolve("filler");
    TrainingListener filling =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            if (metrics.epoch() == 1) {
              assertThatThrownBy(() -> Files.write(filler, new byte[16 << 20]))
                  .hasMessageContaining("No space left");
            }
          }
        };
    assertThatThrownBy(() -> execute(run, filling))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(
            "cannot write to %s: no space left on device; the newest good checkpoint is %s"
                .formatted(run, run.resolve("checkpoint-000001.safetensors")));
    Files.delete(filler);
    assertThat(execute(run).metrics()).isEqualTo(UNDISTURBED.metrics());
  }

  @Test
  void aReadOnlyDiskIsRefused() throws Exception {
    Path disk = diskOf(1 << 20);
    assertThat(mount("-o", "remount,ro", disk.toString())).isTrue();
    assertThatThrownBy(() -> execute(disk.resolve("run")))
        .isInstanceOf(InputException.class)
        .hasMessage("cannot write to " + disk.resolve("run") + ": read-only file system");
    assertThatThrownBy(() -> Run.checkDirectory(disk.resolve("run"), false))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "cannot write to %s: %s: read-only file system".formatted(disk.resolve("run"), disk));
  }

  @Test
  void aFolderWithoutPermissionIsRefused() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("locked"));
    assumeTrue(folder.toFile().setWritable(false), "the file system knows no permissions");
    assumeTrue(!Files.isWritable(folder), "root may write everywhere");
    assertThatThrownBy(() -> execute(folder.resolve("run")))
        .isInstanceOf(InputException.class)
        .hasMessage("cannot write to " + folder.resolve("run") + ": permission denied");
  }

  /** A run of all epochs without its result, as if killed just before that was written. */
  private Path unfinished() throws IOException {
    Path run = temporary.resolve("run");
    execute(run);
    Files.delete(run.resolve("result.json"));
    return run;
  }

  private static Path newest(Path run) {
    return run.resolve("checkpoint-000003.safetensors");
  }

  /** Goes on with a run whose newest checkpoint has the given content. */
  private static void assertGoesOn(Path run, byte[] newest, String what) throws IOException {
    Path previous = run.resolve("checkpoint-000002.safetensors");
    byte[] good = Files.readAllBytes(previous);
    Files.write(newest(run), newest);
    Throwable error = catchThrowable(() -> SafeTensors.read(newest(run)).close());
    assertThat(error)
        .as(what)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(newest(run) + " is not a sound safetensors file: ");
    assertThat(execute(run).metrics()).as(what).isEqualTo(UNDISTURBED.metrics());
    assertThat(Files.readAllBytes(previous)).as(what).isEqualTo(good);
    Files.delete(run.resolve("result.json"));
  }

  /** Offsets at the ends of a checkpoint's parts, and random ones. */
  private static int[] offsets(byte[] content, int random) {
    int header = 8 + (content[0] & 0xff) + ((content[1] & 0xff) << 8);
    IntStream ends =
        IntStream.of(0, 1, 7, 8, 9, 40, 100, header - 1, header, header + 1, content.length - 1);
    return IntStream.concat(ends, new Random(1).ints(random, 0, content.length)).toArray();
  }

  @Test
  void aCheckpointCutAtAnyLengthIsPassedOverForThePreviousOne() throws IOException {
    Path run = unfinished();
    byte[] whole = Files.readAllBytes(newest(run));
    for (int length : offsets(whole, LONG ? 1000 : 10)) {
      assertGoesOn(run, Arrays.copyOf(whole, length), "cut to " + length);
    }
  }

  @Test
  void aCheckpointWithAFlippedByteIsPassedOverForThePreviousOne() throws IOException {
    Path run = unfinished();
    byte[] whole = Files.readAllBytes(newest(run));
    Random random = new Random(2);
    for (int offset : offsets(whole, LONG ? 1000 : 10)) {
      byte[] flipped = whole.clone();
      flipped[offset] ^= (byte) (1 << random.nextInt(8));
      assertGoesOn(run, flipped, "flipped a bit of byte " + offset);
    }
  }

  @Test
  void everyLengthAndEveryFlippedByteOfASmallCheckpointIsFoundOut() throws IOException {
    Path file = temporary.resolve("small.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", torch.rand(3, 4));
    tensors.put("steps", Tensor.create(new long[] {7}));
    SafeTensors.write(file, tensors, Map.of("format", "a test", "metrics", "epoch\n0\n"));
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      assertUnsound(file, Arrays.copyOf(whole, i));
      for (int flip : LONG ? IntStream.range(1, 256).toArray() : new int[] {1, 0x80, 0xff}) {
        byte[] flipped = whole.clone();
        flipped[i] ^= (byte) flip;
        assertUnsound(file, flipped);
      }
    }
    assertUnsound(file, Arrays.copyOf(whole, whole.length + 1));
  }

  private static void assertUnsound(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    assertThatThrownBy(() -> SafeTensors.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " is not a sound safetensors file: ");
  }

  @Test
  void withoutASoundCheckpointTheRunIsNotBegunAnew() throws IOException {
    Path run = unfinished();
    for (int epochs : new int[] {2, 3}) {
      Files.write(run.resolve("checkpoint-00000" + epochs + ".safetensors"), new byte[5]);
    }
    assertThatThrownBy(() -> execute(run))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s is not a sound safetensors file: it has 5 bytes, fewer than the 8 of a length, and there is no good checkpoint; delete the folder %s to begin anew"
                .formatted(newest(run), run));
    assertThat(newest(run)).hasSize(5);
    for (int epochs : new int[] {2, 3}) {
      Files.delete(run.resolve("checkpoint-00000" + epochs + ".safetensors"));
    }
    assertThatThrownBy(() -> execute(run))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s has epochs, but there is no checkpoint to go on from; delete the folder %s to begin anew"
                .formatted(run.resolve("metrics.csv"), run));
  }

  @Test
  void aRunWithoutItsConfigurationIsNotTakenForANewOne() throws IOException {
    Path run = unfinished();
    Files.delete(run.resolve("config.yaml"));
    assertThatThrownBy(() -> Run.execute(CONFIG, DATA, run, false, List.of(), new StopSignal()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(run + " holds a run already");
    assertThatThrownBy(() -> Run.readConfig(run))
        .isInstanceOf(InputException.class)
        .hasMessage(
            run
                + " has checkpoints, but no config.yaml; go on with all options that the run began"
                + " with");
    assertThatThrownBy(
            () -> Run.execute(config(0.02), DATA, run, true, List.of(), new StopSignal()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            newest(run)
                + " belongs to a run of another configuration: it has 'lr: 0.01' where 'lr: 0.02'"
                + " is asked for");
    assertThat(run.resolve("config.yaml")).doesNotExist();
    assertThat(execute(run).metrics()).isEqualTo(UNDISTURBED.metrics());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "format: must be of the format 'noisylr checkpoint 2', but is of 'noisylr checkpoint 1'",
        "config: belongs to a run of another configuration: it has 'lr: 0.02' where 'lr: 0.01' is"
            + " asked for",
        "model: : the checkpoint's tensor 'model.fc1.weight' does not fit the model",
        "epochs: : the metrics are of another number of epochs than it says",
        "steps: : the checkpoint's tensors of an epoch in progress do not fit one of 2 steps of"
            + " which 1 are done",
        "step: : steps_done must be an integer"
      })
  void aForeignCheckpointIsRefusedAndThePreviousOneNamed(String expected) throws IOException {
    Path run = unfinished();
    String[] parts = expected.split(": ", 2);
    try (SafeTensors content = SafeTensors.read(newest(run))) {
      Map<String, String> metadata = new LinkedHashMap<>(content.metadata());
      Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
      switch (parts[0]) {
        case "format" -> metadata.put("format", "noisylr checkpoint 1");
        case "config" -> metadata.put("config", RunFormat.toYaml(config(0.02)));
        case "model" -> tensors.put("model.fc1.weight", torch.rand(3, 4));
        case "epochs" -> metadata.put("epochs_done", "2");
        case "steps" -> metadata.put("steps_done", "1");
        default -> metadata.put("steps_done", "one");
      }
      SafeTensors.write(newest(run), tensors, metadata);
    }
    byte[] foreign = Files.readAllBytes(newest(run));
    Path previous = run.resolve("checkpoint-000002.safetensors");
    byte[] good = Files.readAllBytes(previous);
    assertThatThrownBy(() -> execute(run))
        .isInstanceOf(InputException.class)
        .hasMessage(
            newest(run)
                + (parts[1].startsWith(": ") ? "" : " ")
                + parts[1]
                + "; remove it to go on from the newest good checkpoint, "
                + previous);
    assertThat(Files.readAllBytes(newest(run))).isEqualTo(foreign);
    assertThat(Files.readAllBytes(previous)).isEqualTo(good);
    Files.move(newest(run), run.resolve("foreign"), StandardCopyOption.ATOMIC_MOVE);
    assertThat(execute(run).metrics()).isEqualTo(UNDISTURBED.metrics());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theResultOfAnUnknownRunIsNotTakenForThisOnes(boolean resume) throws IOException {
    Path run = temporary.resolve("run");
    execute(run);
    Files.delete(run.resolve("config.yaml"));
    Run.deleteCheckpoints(run);
    byte[] result = Files.readAllBytes(run.resolve("result.json"));
    assertThatThrownBy(() -> Run.execute(CONFIG, DATA, run, resume, List.of(), new StopSignal()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            run
                + (resume
                    ? " holds a run without a config.yaml or a good checkpoint that says of what;"
                        + " name another folder"
                    : " holds a run already; add --resume to go on with it, or name another"));
    assertThat(run.resolve("config.yaml")).doesNotExist();
    assertThat(Files.readAllBytes(run.resolve("result.json"))).isEqualTo(result);
  }

  @Test
  void aFileThatIsNotTextIsToldSo() throws IOException {
    Path run = unfinished();
    Files.write(run.resolve("config.yaml"), new byte[] {'a', (byte) 0xff});
    assertThatThrownBy(() -> Run.readConfig(run))
        .isInstanceOf(InputException.class)
        .hasMessage("cannot read " + run.resolve("config.yaml") + ": it is not text in UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.yaml", "metrics.csv", "result.json", "timing.csv"})
  void otherFilesCutAtAnyLengthOrAlteredAreRefusedByNameOrReadAsTheyAre(String name)
      throws IOException {
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
              .as("%s: %s".formatted(name, i))
              .isInstanceOf(InputException.class)
              .hasMessageContaining(run.toString());
          assertThat(error.getMessage()).hasLineCount(1).doesNotContain("Exception");
        }
      }
    }
  }
}
