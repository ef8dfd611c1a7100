package org.noisylr.launcher;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.chart.LineChart;
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

  @Option(names = "--svg", paramLabel = "FILE")
  private Path svg;

  @Option(names = "--pdf", paramLabel = "FILE")
  private Path pdf;

  @Mixin private TitlesOption titles;

  private int epochs;
  private Schedule schedule;
  private NoiseSpec noise;

  @Override
  public Integer call() {
    epochs = epochsOption.epochs();
    Check.atLeast("--steps-per-epoch", stepsPerEpoch, 1);
    Check.within("--epochs times --steps-per-epoch", (long) epochs * stepsPerEpoch, 1, MAX_STEPS);
    checkFiles();
    schedule = scheduleOptions.schedule(epochs, err());
    noise = noiseOptions.noise(epochs, seed, true, err());
    if (csv != null) {
      OutputFile.write("--csv", csv, csvBlocks());
    }
    write("--png", png, LineChart::png);
    write("--svg", svg, LineChart::svg);
    write("--pdf", pdf, LineChart::pdf);
    if (files().isEmpty()) {
      summarise();
    }
    return 0;
  }

  /** Returns the files of the options that were given. */
  private Map<String, Path> files() {
    Map<String, Path> files = new LinkedHashMap<>();
    files.put("--csv", csv);
    files.put("--png", png);
    files.put("--svg", svg);
    files.put("--pdf", pdf);
    files.values().removeIf(Objects::isNull);
    return files;
  }

  private void checkFiles() {
    Map<String, String> optionOfFile = new HashMap<>();
    files()
        .forEach(
            (option, file) -> {
              String other = optionOfFile.put(Options.absolute(file), option);
              if (other != null) {
                throw new InputException(
                    "%s and %s must be two files, but both are %s".formatted(other, option, file));
              }
            });
    if (titles.given() && files().keySet().stream().allMatch("--csv"::equals)) {
      throw new InputException("--titles requires --png, --svg or --pdf");
    }
  }

  private void write(String option, Path file, Function<LineChart, byte[]> format) {
    if (file != null) {
      LineChart chart =
          LrChart.of(schedule, noise, epochs, stepsPerEpoch)
              .title(titles.given() ? "Learning rate" : null);
      OutputFile.write(option, file, List.of(ByteBuffer.wrap(format.apply(chart))));
    }
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
              epoch + 1, base, noise.factor(epoch, step, 0), noise.realised(base, epoch, step, 0));
    }
  }
}
