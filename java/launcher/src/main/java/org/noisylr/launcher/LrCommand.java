package org.noisylr.launcher;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.chart.LrChart;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.metric.Decimal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Computes the learning rate of every step of a run without running it. */
@Command(name = "lr")
final class LrCommand extends Subcommand {
  private static final long MAX_STEPS = 1_000_000_000;
  private static final int BLOCK = 4096;

  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private NoiseOptions noiseOptions;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "0")
  private long seed;

  @Option(names = "--steps-per-epoch", paramLabel = "N", defaultValue = "391")
  private int stepsPerEpoch;

  @Mixin private EpochsOption epochsOption;

  @Option(names = "--csv", paramLabel = "FILE")
  private Path csv;

  @Option(names = "--png", paramLabel = "FILE")
  private Path png;

  private int epochs;
  private Schedule schedule;
  private NoiseSpec noise;

  @Override
  public Integer call() {
    epochs = epochsOption.epochs();
    Check.atLeast("--steps-per-epoch", stepsPerEpoch, 1);
    Check.within("--epochs times --steps-per-epoch", (long) epochs * stepsPerEpoch, 1, MAX_STEPS);
    if (csv != null && png != null && Options.absolute(csv).equals(Options.absolute(png))) {
      throw new InputException("--csv and --png must be two files, but both are " + csv);
    }
    schedule = scheduleOptions.schedule(epochs, err());
    noise = noiseOptions.noise(epochs, seed, true, err());
    if (csv != null) {
      OutputFile.write("--csv", csv, csvBlocks());
    }
    if (png != null) {
      byte[] picture = LrChart.of(schedule, noise, epochs, stepsPerEpoch).png();
      OutputFile.write("--png", png, List.of(ByteBuffer.wrap(picture)));
    }
    if (csv == null && png == null) {
      summarise();
    }
    return 0;
  }

  /** Returns the CSV file in blocks of rows. A block is computed when it is read. */
  private List<ByteBuffer> csvBlocks() {
    long steps = (long) epochs * stepsPerEpoch;
    return new AbstractList<>() {
      @Override
      public int size() {
        return (int) ((steps + BLOCK - 1) / BLOCK);
      }

      @Override
      public ByteBuffer get(int block) {
        StringBuilder text = new StringBuilder(block == 0 ? "epoch,step,base_lr,factor,lr\n" : "");
        long end = Math.min(steps, (block + 1L) * BLOCK);
        for (long step = (long) block * BLOCK; step < end; step++) {
          text.append(row(step)).append('\n');
        }
        return ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
      }
    };
  }

  private String row(long step) {
    long epoch = step / stepsPerEpoch;
    double base = schedule.lr(step, stepsPerEpoch);
    return String.join(
        ",",
        Long.toString(epoch),
        Long.toString(step),
        Decimal.shortest(base),
        Decimal.shortest(noise.factor(epoch, step, 0)),
        Decimal.shortest(noise.realised(base, epoch, step, 0)));
  }

  private void summarise() {
    String line = "%-12s%s%n";
    out().printf(line, "run", "%d epochs of %d steps".formatted(epochs, stepsPerEpoch));
    out().printf(line, "schedule", Schedules.describe(schedule));
    out().printf(line, "noise", Noises.describe(noise.distribution()));
    if (!(noise.distribution() instanceof Distribution.None)) {
      long first = Math.min(noise.firstEpoch(), epochs);
      out()
          .printf(
              line,
              "noisy",
              "%d of %d epochs, from epoch %d".formatted(epochs - first, epochs, first + 1));
      out().printf(line, "factor f", Noises.moments(noise));
      out().printf(line, "steps", Noises.stepVariance(noise));
    }
    out().printf("%6s  %-12s%-12s%-12s%n", "epoch", "base lr", "factor", "lr");
    for (long epoch = 0; epoch < epochs; epoch += Math.max(1, epochs / 20)) {
      long step = epoch * stepsPerEpoch;
      double base = schedule.lr(step, stepsPerEpoch);
      out()
          .printf(
              "%6d  %-12.6g%-12.6g%-12.6g%n",
              epoch, base, noise.factor(epoch, step, 0), noise.realised(base, epoch, step, 0));
    }
  }
}
