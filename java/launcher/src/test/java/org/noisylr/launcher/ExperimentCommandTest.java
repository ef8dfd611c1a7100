package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentCommandTest {
  @Test
  void listHasALineForEachExperiment() {
    assertThat(Invocation.of("experiment list").out())
        .contains(
            "table2       24     72  Optimizers, models and data: cifar10, mnist, svhn, imdb, voc2012")
        .hasLineCount(12);
  }

  @Test
  void showDescribesFunctions() {
    assertThat(Invocation.of("experiment show fig3").out())
        .contains("SGD at 0.0571", "(0.237, 0.237)");
  }

  @Test
  void showDescribesCellsChoicesSchedulesAndScales() {
    assertThat(Invocation.of("experiment show table5").out())
        .contains(
            "table5/const-1e-2-rn/cifar-10: resnet20-keras on cifar10, momentum 0.9, weight decay"
                + " 0.0001, Const from 0.01, noise 10 · U(0, 1), beta 0.6"
                + ", 200 epochs, batch 128, crop after 4 pixels of padding and mirror, 3 seeds;"
                + " paper 91.34")
        .contains("choices where the paper is silent:")
        .contains("  Const: constant 0.01\n")
        .contains("smoke  epochs, milestones, cycles and decays divided by 40");
    assertThat(Invocation.of("experiment show table1").out())
        .contains("paper 91.57 ± 0.10 (the numbers are certain, their row is inferred)");
  }

  @Test
  void figure1IsDrawnFromItsRuns(@TempDir Path folder) throws IOException {
    String options = " --scale smoke --seeds 1 --out " + folder;
    String run = "experiment run fig1 --jobs 1 --data-override cifar10=generated:cifar10";
    assertThat(Invocation.of(run + options).exit()).isZero();
    Invocation drawn = Invocation.of("experiment report fig1 --scale smoke --out " + folder);
    assertThat(drawn.exit()).isZero();
    assertThat(drawn.out()).hasLineCount(4);
    assertThat(ImageIO.read(folder.resolve("fig1/smoke/test.png").toFile()).getWidth())
        .isEqualTo(640);
    assertThat(Files.readString(folder.resolve("fig1/smoke/train.svg"))).contains("<svg");
  }

  @Test
  void figure2IsDrawnFromItsSchedule(@TempDir Path folder) throws IOException {
    assertThat(Invocation.of("experiment report fig2 --out " + folder).exit()).isZero();
    assertThat(ImageIO.read(folder.resolve("fig2/schedule.png").toFile()).getWidth())
        .isEqualTo(760);
  }
}
