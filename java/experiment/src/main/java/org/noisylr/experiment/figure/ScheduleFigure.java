package org.noisylr.experiment.figure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.table.Table;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

/**
 * The paper's figure 2: its step decay with noise in the last 60 % of the epochs alone, held within
 * [η_min, η_max]. The paper gives no numbers for the bounds; these ones cut a few draws off.
 */
public final class ScheduleFigure {
  /** The name of the figure. */
  public static final String ID = "fig2";

  private static final double LEAST = 2e-5;
  private static final double GREATEST = 0.05;
  private static final int EPOCHS = 200;
  private static final double ALPHA = 8;
  private static final double BETA = 0.6;

  private ScheduleFigure() {}

  /**
   * Draws the figure into the folder {@code fig2} of a store.
   *
   * @return the pictures
   * @throws InputException if they cannot be written
   */
  public static List<Path> draw(Path store) {
    Table table = Table.of("table1").get(0);
    Schedule schedule = table.schedules().get("SD");
    NoiseSpec noise =
        NoiseSpec.uniform(ALPHA).lastFraction(BETA, EPOCHS).within(LEAST, GREATEST).seed(1);
    // Every epoch is drawn from its start to its end.
    double[] x = IntStream.range(0, 2 * EPOCHS).mapToDouble(i -> (i + 1) / 2).toArray();
    double[] base =
        IntStream.range(0, 2 * EPOCHS).mapToDouble(i -> schedule.lr(i / 2, 1)).toArray();
    double[] noisy =
        IntStream.range(0, 2 * EPOCHS)
            .mapToDouble(i -> noise.realised(base[i], i / 2, i / 2, 0))
            .toArray();
    double[] ends = {noise.firstEpoch(), EPOCHS};
    LineChart chart =
        new LineChart(
                "Step decay with noise from epoch %d on, within [%s, %s]"
                    .formatted(noise.firstEpoch(), LEAST, GREATEST),
                "epoch",
                "learning rate",
                760,
                420)
            .backdrop("least", ends, new double[] {LEAST, LEAST})
            .backdrop("greatest", ends, new double[] {GREATEST, GREATEST})
            .line("with noise", x, noisy, Ink.NOISY, true)
            .line("step decay", x, base, Ink.PLAIN, true)
            .logarithmic();
    Path folder = store.resolve(ID);
    Path png = folder.resolve("schedule.png");
    Path svg = folder.resolve("schedule.svg");
    try {
      Files.createDirectories(folder);
      Plan.alone(
          folder,
          () -> {
            chart.writePng(png);
            chart.writeSvg(svg);
          });
    } catch (IOException e) {
      throw new InputException("cannot write to " + folder + ": " + Reason.of(e, folder), e);
    }
    return List.of(png, svg);
  }
}
