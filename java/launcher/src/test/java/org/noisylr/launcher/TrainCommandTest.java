package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.train.log.TensorBoardLog;

class TrainCommandTest {
  private static final String TRAIN = "train --data fashion-mnist-mini --model cnn28 --lr ";

  @TempDir private Path folder;

  @Test
  void divergenceIsAFailedRun() {
    Invocation outcome = Invocation.of(TRAIN + "1e30 --epochs 1 --subset 300");
    assertThat(outcome.err())
        .startsWith("noisylr: the training loss became ")
        .contains("in epoch 1 at step ", "learning rate 1.0E30")
        .hasLineCount(1);
    assertThat(outcome.exit()).isEqualTo(1);
  }

  @Test
  void theConfigurationHasTheAbsolutePathOfTheData() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    for (String split : List.of("train", "test")) {
      for (String label : List.of("a", "b")) {
        Path images = Files.createDirectories(data.resolve(split).resolve(label));
        BufferedImage image = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
        ImageIO.write(image, "png", images.resolve("1.png").toFile());
      }
    }
    Path run = folder.resolve("run");
    Path relative = Path.of("").toAbsolutePath().relativize(data);
    String command =
        "train --data %s --model cnn28 --lr 0.01 --epochs 1 --threads 1 --out %s"
            .formatted(relative, run);
    assertThat(Invocation.of(command).exit()).isZero();
    assertThat(Files.readString(run.resolve("config.yaml")))
        .contains("data: " + data.toRealPath() + "\n");
  }

  @Test
  void aFinishedRunIsOnlyReportedAgain() {
    Path out = folder.resolve("run");
    String command =
        TRAIN + "0.01 --epochs 2 --subset 200 --noise uniform --augment crop-mirror --out " + out;
    Invocation first = Invocation.of(command);
    assertThat(first.exit()).isZero();
    assertThat(first.out())
        .contains("cnn28 on fashion-mnist-mini (200 training, 1000 test examples), cpu")
        .contains("epoch 2/2")
        .containsPattern("(?m)^best test accuracy [\\d.]+ after [12] of 2 epochs, last");
    Invocation second = Invocation.of(command);
    assertThat(second.exit()).isEqualTo(2);
    assertThat(second.err()).contains("already holds a run");
    for (String resume : List.of(command + " --resume", "train --resume --out " + out)) {
      Invocation resumed = Invocation.of(resume);
      assertThat(resumed.exit()).isZero();
      assertThat(resumed.out())
          .contains("cnn28 on fashion-mnist-mini (200 training, 1000 test examples), cpu")
          .containsPattern(
              "(?m)^already finished: best test accuracy [\\d.]+ after [12] of 2 epochs")
          .doesNotContain("epoch 1/2");
    }
  }

  @Test
  void aResumedRunContinuesItsLogForTensorBoard() throws IOException {
    Path out = folder.resolve("run");
    String command = TRAIN + "0.01 --epochs 2 --subset 64 --out " + out;
    assertThat(Invocation.of(command).exit()).isZero();
    assertThat(TensorBoardLog.exists(out)).isFalse();
    assertThat(Invocation.of("train --resume --tensorboard --out " + out).exit()).isZero();
    Path log = out.resolve("tensorboard");
    long complete = size(log);
    Files.delete(out.resolve("result.json"));
    Files.delete(out.resolve("checkpoint-000002.safetensors"));
    assertThat(Invocation.of("train --resume --out " + out).exit()).isZero();
    assertThat(size(log)).isEqualTo(complete);
  }

  private static long size(Path log) throws IOException {
    try (Stream<Path> files = Files.list(log)) {
      return Files.size(files.findFirst().orElseThrow());
    }
  }

  @Test
  void aQuietRunShowsItsResultOnly() {
    Path out = folder.resolve("run");
    Invocation outcome = Invocation.of(TRAIN + "0.01 --epochs 1 --subset 64 --quiet --out " + out);
    assertThat(outcome.out()).startsWith("best test accuracy ").hasLineCount(1);
    assertThat(outcome.err()).isEmpty();
    assertThat(Invocation.of("evaluate --quiet " + out).out()).hasLineCount(1);
    Path weights = folder.resolve("weights.safetensors");
    assertThat(Invocation.of("export --quiet " + out + " --out " + weights))
        .isEqualTo(new Invocation(0, "", ""));
    assertThat(weights).exists();
  }

  @Test
  void theConfigurationHasThreadsAndImplementation() throws IOException {
    Path out = folder.resolve("run");
    String options = "0.01 --epochs 1 --subset 64 --threads 1 --optimizer-impl stock --out ";
    assertThat(Invocation.of(TRAIN + options + out).exit()).isZero();
    assertThat(Files.readString(out.resolve("config.yaml")))
        .contains("threads: 1\n", "implementation: stock\n");
  }
}
