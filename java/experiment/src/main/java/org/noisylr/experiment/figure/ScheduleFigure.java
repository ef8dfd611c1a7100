package org.noisylr.experiment.figure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LineChart.Ink;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.table.Table;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

/**
 * The paper's figure 2: its step decay with noise in the last 60 % of the epochs, clamped to
 * [η_min, η_max]. The paper gives no numbers for the bounds; these clamp a few draws.
 */
public final class ScheduleFigure {
  /** The id of the figure. */
  public static final String ID = "fig2";

  private static final double MIN_LR = 2e-5;
  private static final double MAX_LR = 0.05;
  private static final int EPOCHS = 200;
  private static final double ALPHA = 8;
  private static final double BETA = 0.6;

  private ScheduleFigure() {}

  /**
   * Draws the figure into the folder {@code fig2} of a store.
   *
   * @return the pictures
   * @throws org.noisylr.check.InputException if a picture cannot be written
   */
  public static List<Path> draw(Path store) {
    Schedule schedule = Table.of("table1").get(0).cells().get(0).settings().schedule();
    NoiseSpec noise =
        NoiseSpec.uniform(ALPHA).lastFraction(BETA, EPOCHS).within(MIN_LR, MAX_LR).seed(1);
    // Two points an epoch: its start and its end.
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
                "Step decay with noise after epoch %d, within [%s, %s]"
                    .formatted(noise.firstEpoch(), PlainNumber.of(MIN_LR), PlainNumber.of(MAX_LR)),
                "epoch",
                "learning rate",
                760,
                420)
            .backdrop("minimum", ends, new double[] {MIN_LR, MIN_LR})
            .backdrop("maximum", ends, new double[] {MAX_LR, MAX_LR})
            .line("with noise", x, noisy, Ink.NOISY, true)
            .line("step decay", x, base, Ink.PLAIN, true)
            .logarithmic();
    Path folder = store.resolve(ID);
    List<Path> pictures = new ArrayList<>();
    OutputFolder.lock(folder, () -> pictures.addAll(chart.write(folder, "schedule")));
    return pictures;
  }
}
