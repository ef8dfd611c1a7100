package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.experiment.table.Table;

class ExperimentCommandTest {
  @Test
  void listHasALineForEachExperiment() {
    assertThat(Invocation.of("experiment list").out())
        .contains(
            "table2            24    72  Optimizers, models and data: cifar10, mnist, svhn, imdb, voc2012")
        .hasLineCount(16);
  }

  @Test
  void showPrintsYamlAsAStart() {
    assertThat(Invocation.of("experiment show noise-kinds --yaml"))
        .isEqualTo(new Invocation(0, Table.yaml("noise-kinds"), ""));
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
            "table5/const-1e-2-rn/cifar-10: resnet20-keras on cifar10; momentum 0.9 in Keras' form;"
                + " weight decay 0.0001; constant 0.01; noise 10 · U(0, 1) per epoch, beta 0.6;"
                + " 200 epochs, batch 128; augmentation crop-mirror; 3 seeds; paper 91.34")
        .contains("choices where the paper is silent:")
        .contains("smoke  epochs, milestones, cycles and decays divided by 40");
    assertThat(Invocation.of("experiment show table1").out())
        .contains("paper 91.57 ± 0.10 (the numbers are certain, their row is inferred)");
  }

  @Test
  void figure1RequiresTheRunsOfFourCells(@TempDir Path folder) {
    String options = " --scale smoke --out " + folder;
    assertThat(train("fig1 --jobs 1 --seeds 1 --shard 4/4" + options))
        .contains("cells: 4, runs: 1 of 4 in this part, finished before: 0", "1 done, 0 failed")
        .contains("for the report: noisylr experiment report fig1" + options);
    Invocation report = Invocation.of("experiment report fig1" + options);
    assertThat(report.exit()).isEqualTo(2);
    assertNoPicture(report, folder, "table1/sd/cifar-10");
  }

  @Test
  void aPrintedCommandQuotesAPathWithBlanks(@TempDir Path folder) {
    Path store = folder.resolve("my runs");
    String command =
        "experiment run fig4 --scale smoke --seeds 1 --only l4/* --shard 2/2 --data-override"
            + " cifar10=generated:cifar10 --out";
    List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
    arguments.add(store.toString());
    assertThat(Invocation.of(arguments.toArray(String[]::new)).out())
        .endsWith(
            "for the report: noisylr experiment report fig4 --scale smoke --out '" + store + "'\n");
  }

  @Test
  void theReportOfFigure4SaysWhyAPictureIsMissing(@TempDir Path folder) {
    String options = " --scale smoke --out " + folder;
    train("fig4 --seeds 1 --only l4/* --shard 2/2" + options);
    Invocation report = Invocation.of("experiment report fig4" + options);
    assertThat(report.exit()).isZero();
    assertThat(report.out()).isEqualTo(folder.resolve("fig4/smoke/report.html") + "\n");
    assertNoPicture(report, folder, "fig4/const/cifar-10");
  }

  /** Trains runs of an experiment; returns the output. */
  private static String train(String experiment) {
    Invocation run =
        Invocation.of("experiment run --data-override cifar10=generated:cifar10 " + experiment);
    assertThat(run.exit()).isZero();
    return run.out();
  }

  private static void assertNoPicture(Invocation report, Path folder, String cell) {
    assertThat(report.err())
        .startsWith(
            "noisylr: no picture: %s has no runs of %s at scale smoke: ".formatted(folder, cell))
        .hasLineCount(1);
  }

  @Test
  void figure2IsDrawnFromItsSchedule(@TempDir Path folder) throws IOException {
    for (String command : List.of("report", "run")) {
      Path out = folder.resolve(command);
      assertThat(Invocation.of("experiment %s fig2 --out %s".formatted(command, out)).exit())
          .isZero();
      assertThat(ImageIO.read(out.resolve("fig2/schedule.png").toFile()).getWidth())
          .isEqualTo(1020);
    }
  }

  @Test
  void aDrawnFigure3IsReported(@TempDir Path folder) throws IOException {
    Path page = Files.createDirectories(folder.resolve("fig3")).resolve("fig3.html");
    Files.writeString(page, "drawn before");
    assertThat(Invocation.of("experiment report fig3 --out " + folder))
        .isEqualTo(new Invocation(0, page + "\n", ""));
    assertThat(Invocation.of("experiment report fig3 --titles --out " + folder).err())
        .isEqualTo(
            "noisylr: --titles has no effect on %s, which exists: give it to 'experiment run fig3'\n"
                .formatted(page));
    assertThat(page).hasContent("drawn before");
  }
}
