package org.noisylr.experiment.figure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LrChart;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.table.Table;
import org.noisylr.experiment.text.Csv;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.metric.Decimal;

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
   * Draws the figure into the folder {@code fig2} of a store: {@code schedule} as PNG, SVG, PDF and
   * CSV, and {@code caption.txt}.
   *
   * @param titled whether the picture has a title
   * @return the files
   * @throws org.noisylr.check.InputException if a file cannot be written
   */
  public static List<Path> draw(Path store, boolean titled) {
    Schedule schedule = Table.of("table1").get(0).cells().get(0).settings().schedule();
    NoiseSpec noise =
        NoiseSpec.uniform(ALPHA).lastFraction(BETA, EPOCHS).within(MIN_LR, MAX_LR).seed(1);
    LineChart chart =
        LrChart.of(schedule, noise, EPOCHS, 1)
            .title(titled ? "Step decay with bounded noise" : null)
            .level("η_min = " + PlainNumber.of(MIN_LR), MIN_LR)
            .level("η_max = " + PlainNumber.of(MAX_LR), MAX_LR);
    Path folder = store.resolve(ID);
    Path csv = folder.resolve("schedule.csv");
    Path caption = folder.resolve("caption.txt");
    List<Path> files = new ArrayList<>();
    OutputFolder.lock(
        folder,
        () -> {
          files.addAll(chart.write(folder, "schedule"));
          AtomicFile.write(csv, csv(schedule, noise));
          AtomicFile.write(caption, caption(noise));
        });
    files.addAll(List.of(csv, caption));
    return files;
  }

  private static String csv(Schedule schedule, NoiseSpec noise) {
    return Csv.format(
        List.of("epoch", "schedule", "with_noise"),
        IntStream.range(0, EPOCHS)
            .mapToObj(
                epoch -> {
                  double base = schedule.lr(epoch, 1);
                  return List.of(
                      epoch + 1,
                      Decimal.shortest(base),
                      Decimal.shortest(noise.realised(base, epoch, epoch, 0)));
                })
            .toList());
  }

  private static String caption(NoiseSpec noise) {
    return "The rate of step decay over %d epochs, multiplied by α · U(0, 1) with α = %s from epoch %d on (β = %s) and clamped to [η_min, η_max] = [%s, %s].\n"
        .formatted(
            EPOCHS,
            PlainNumber.of(ALPHA),
            noise.firstEpoch() + 1,
            PlainNumber.of(BETA),
            PlainNumber.of(MIN_LR),
            PlainNumber.of(MAX_LR));
  }
}
