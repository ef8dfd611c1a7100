package org.noisylr.launcher;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.chart.LineChart;
import org.noisylr.experiment.chart.LrChart;
import org.noisylr.experiment.report.NoiseTheory;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.metric.Decimal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Computes the learning rate of every step of a run, without running it. */
@Command(
    name = "lr",
    description = "Preview a schedule and its noise: every step's learning rate as CSV or PNG.",
    sortOptions = false)
final class LrCommand implements Callable<Integer> {
  private static final long MAX_STEPS = 1_000_000_000;

  @Spec private CommandSpec spec;
  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private NoiseOptions noiseOptions;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of the noise; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--epochs",
      paramLabel = "S",
      defaultValue = "200",
      description = "Number of epochs; default ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--steps-per-epoch",
      paramLabel = "N",
      defaultValue = "391",
      description = "Steps of an epoch; default ${DEFAULT-VALUE}, CIFAR-10 in batches of 128.")
  private int stepsPerEpoch;

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Write epoch,step,base_lr,factor,lr, a row a step; - for standard output.")
  private String csv;

  @Option(names = "--png", paramLabel = "FILE", description = "Draw the learning rates.")
  private String png;

  @Override
  public Integer call() {
    Check.atLeast("--epochs", epochs, 1);
    Check.atLeast("--steps-per-epoch", stepsPerEpoch, 1);
    Check.within("--epochs times --steps-per-epoch", (long) epochs * stepsPerEpoch, 1, MAX_STEPS);
    if (csv != null && png != null && OutputFile.isSame(csv, png)) {
      throw new InputException("--csv and --png must be two files, but both are " + csv);
    }
    Schedule schedule = scheduleOptions.schedule();
    NoiseSpec noise = noiseOptions.noise(epochs, seed, "--seed");
    scheduleOptions.warn(epochs, spec.commandLine().getErr());
    NoiseOptions.warn(noise, epochs, spec.commandLine().getErr());
    if (csv != null) {
      OutputFile.write("--csv", csv, out -> writeCsv(schedule, noise, out));
    }
    if (png != null) {
      LineChart chart = LrChart.of(schedule, noise, epochs, stepsPerEpoch);
      OutputFile.write("--png", png, out -> out.write(chart.png()));
    }
    if (csv == null && png == null) {
      summarise(schedule, noise);
    }
    return 0;
  }

  private void writeCsv(Schedule schedule, NoiseSpec noise, OutputStream out) throws IOException {
    Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    CSVPrinter printer =
        CSVFormat.DEFAULT
            .builder()
            .setHeader("epoch", "step", "base_lr", "factor", "lr")
            .setRecordSeparator('\n')
            .get()
            .print(writer);
    for (long step = 0; step < (long) epochs * stepsPerEpoch; step++) {
      long epoch = step / stepsPerEpoch;
      double base = schedule.lr(step, stepsPerEpoch);
      printer.printRecord(
          epoch,
          step,
          Decimal.shortest(base),
          Decimal.shortest(noise.factor(epoch, step, 0)),
          Decimal.shortest(noise.realised(base, epoch, step, 0)));
    }
    printer.flush();
  }

  private void summarise(Schedule schedule, NoiseSpec noise) {
    PrintWriter out = spec.commandLine().getOut();
    long first = Math.min(noise.firstEpoch(), epochs);
    out.printf("%-12s%d epochs of %d steps%n", "run", epochs, stepsPerEpoch);
    out.printf("%-12s%s%n", "schedule", schedule);
    if (noise.distribution() instanceof Distribution.None) {
      out.printf("%-12snone%n", "noise");
    } else {
      out.printf("%-12s%s%n", "noise", noise.distribution());
      out.printf("%-12s%d of %d, from epoch %d on%n", "noisy", epochs - first, epochs, first);
      out.printf("%-12s%s%n", "factor", NoiseTheory.moments(noise));
      out.printf("%-12s%s%n", "steps", NoiseTheory.variance(noise));
    }
    out.printf("%6s  %-12s%-12s%-12s%n", "epoch", "base lr", "factor", "lr");
    for (long epoch = 0; epoch < epochs; epoch += Math.max(1, epochs / 20)) {
      long step = epoch * stepsPerEpoch;
      double base = schedule.lr(step, stepsPerEpoch);
      out.printf(
          "%6d  %-12.6g%-12.6g%-12.6g%n",
          epoch, base, noise.factor(epoch, step, 0), noise.realised(base, epoch, step, 0));
    }
    out.flush();
  }
}
