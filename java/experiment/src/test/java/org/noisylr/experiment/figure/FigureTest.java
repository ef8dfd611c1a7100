package org.noisylr.experiment.figure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.experiment.FinishedRun;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.run.RunConfig;

class FigureTest {
  @TempDir private Path folder;

  private void writeRuns(List<String> cells) throws IOException {
    Map<String, String> data = Map.of("cifar10", "generated:cifar10");
    List<PlannedCell> planned =
        new Planner(Scale.SMOKE, 2, data, null, "cpu", 1, false).plan(Table.of("table1"), cells);
    Plan.write(folder, Scale.SMOKE, "noisylr experiment run", planned);
    for (PlannedCell cell : planned) {
      for (RunConfig run : cell.runs().values()) {
        FinishedRun.write(new RunStore(folder).folder(RunStore.key(run)), 0.5);
      }
    }
  }

  @Test
  void figure1HasACurveForEachCell() throws IOException {
    writeRuns(CurveFigure.FIGURE_1.cells());
    Path drawn = folder.resolve("fig1").resolve("smoke");
    assertThat(CurveFigure.FIGURE_1.draw(new RunStore(folder), Scale.SMOKE, false))
        .extracting(file -> drawn.relativize(file).toString())
        .containsExactly(
            "test.png",
            "test.svg",
            "test.pdf",
            "test.csv",
            "train.png",
            "train.svg",
            "train.pdf",
            "train.csv",
            "caption.txt");
    assertThat(ImageIO.read(drawn.resolve("test.png").toFile()).getWidth()).isEqualTo(1020);
    assertThat(Files.readString(drawn.resolve("train.svg")))
        .contains(">SD</text", ">SD + RN</text", ">CLR</text", ">CLR + RN</text")
        .doesNotContain("smoke scale");
    assertThat(Files.readAllLines(drawn.resolve("test.csv")))
        .hasSize(1 + 4 * 3)
        .contains("SD,2,50,0,50,50");
    assertThat(Files.readString(drawn.resolve("caption.txt")))
        .contains("SD (seeds: 2), SD + RN (seeds: 2)", "± one standard deviation", "smoke scale");
    CurveFigure.FIGURE_1.draw(new RunStore(folder), Scale.SMOKE, true);
    assertThat(Files.readString(drawn.resolve("train.svg"))).contains("smoke scale");
  }

  @Test
  void theErrorOfAMissingRunNamesItsCell() throws IOException {
    writeRuns(List.of("sd/cifar-10"));
    assertThatThrownBy(() -> CurveFigure.FIGURE_1.draw(new RunStore(folder), Scale.SMOKE, false))
        .hasMessage(
            "%1$s has no runs of table1/sd-rn/cifar-10 at scale smoke: start with 'noisylr experiment run fig1 --scale smoke --out %1$s'",
            folder);
  }

  @Test
  void figure2IsDrawnWithoutRuns() throws IOException {
    assertThat(ScheduleFigure.draw(folder, false))
        .extracting(file -> file.getFileName().toString())
        .containsExactly(
            "schedule.png", "schedule.svg", "schedule.pdf", "schedule.csv", "caption.txt");
    Path drawn = folder.resolve("fig2");
    assertThat(ImageIO.read(drawn.resolve("schedule.png").toFile()).getWidth()).isEqualTo(1020);
    assertThat(Files.readString(drawn.resolve("schedule.svg")))
        .contains(">η_min = 0.00002</text", ">η_max = 0.05</text", ">noise</text");
    assertThat(Files.readAllLines(drawn.resolve("schedule.csv")))
        .hasSize(201)
        .startsWith("epoch,schedule,with_noise", "1,0.1,0.1");
    assertThat(Files.readString(drawn.resolve("caption.txt"))).contains("from epoch 81 on");
  }
}
