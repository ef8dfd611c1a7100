package org.noisylr.experiment;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.Reason;
import org.noisylr.experiment.chart.ChartSection;
import org.noisylr.experiment.chart.RunCharts;
import org.noisylr.experiment.report.Page;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.DirectoryLock;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.Selection;

/**
 * Trains a small network on embedded images, without and with noise, and compares the runs.
 *
 * @param epochs epochs of each run, at least 1
 * @param seeds number of seeds, at least 1
 * @param device the device's own name
 */
public record Quickstart(int epochs, int seeds, String device) {
  private static final String DATA = "fashion-mnist-mini";
  private static final int BATCH_SIZE = 128;
  private static final double ALPHA = 8;
  private static final double BETA = 0.6;

  /**
   * What the runs share.
   *
   * @param folder contains the folders of the runs
   */
  private record Session(Path folder, Dataset data, PrintStream progress, StopSignal stop) {}

  /** Validates the values. */
  public Quickstart {
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("seeds", seeds, 1);
  }

  /** Returns the noise of the noisy runs. */
  public NoiseSpec noise(long seed) {
    return NoiseSpec.uniform(ALPHA).lastFraction(BETA, epochs).seed(seed);
  }

  /**
   * Trains and writes {@code report.html} and {@code test-accuracy.png}. Runs are saved in {@code
   * runs}: a finished run is not repeated, and a stopped run is resumed.
   *
   * @param environment names and values that describe program and machine, for the report
   * @param results shows the results
   * @param progress shows the progress
   * @param stop saves the progress and ends the run
   * @throws org.noisylr.train.run.StoppedException if it was stopped
   * @throws org.noisylr.check.InputException if the folder cannot be written to, or another process
   *     uses it
   */
  public void run(
      Path folder,
      Map<String, String> environment,
      PrintStream results,
      PrintStream progress,
      StopSignal stop) {
    OutputFolder.create(folder);
    try (DirectoryLock lock = DirectoryLock.of(folder)) {
      Dataset data = Datasets.open(DATA);
      progress.printf(
          "%s on %s (%d training, %d test images), %s: %d runs of %d epochs%n",
          ModelName.CNN28, DATA, data.trainCount(), data.testCount(), device, 4 * seeds, epochs);
      Session session = new Session(folder.resolve("runs"), data, progress, stop);
      List<RunComparison> comparisons = new ArrayList<>();
      schedules().forEach((name, schedule) -> comparisons.add(compare(session, name, schedule)));
      double seconds =
          comparisons.stream()
              .flatMap(c -> Stream.concat(c.plain().stream(), c.noisy().stream()))
              .mapToDouble(run -> run.timing().total())
              .sum();
      print(comparisons, results);

      Map<String, Object> page = new LinkedHashMap<>();
      page.put("rows", comparisons.stream().map(Quickstart::row).toList());
      List<ChartSection> sections = comparisons.stream().map(Quickstart::section).toList();
      ChartSection.writeCsv(sections, folder);
      page.put("sections", sections);
      page.put("seeds", seeds);
      page.put("setting", List.copyOf(setting(data).entrySet()));
      page.put("environment", List.copyOf(environment.entrySet()));
      page.put("seconds", "%.0f".formatted(seconds));
      Path report = folder.resolve("report.html");
      AtomicFile.write(report, Page.render("quickstart.html", page));
      AtomicFile.write(
          folder.resolve("test-accuracy.png"), List.of(ByteBuffer.wrap(png(comparisons.get(0)))));
      results.printf(Locale.ROOT, "%.0f s; report: %s%n", seconds, report);
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  /**
   * Returns the paper's constant rate, and its step decay with milestones at the same fractions of
   * the run. Half of the paper's rate suits a network without batch norm.
   */
  private Map<String, Schedule> schedules() {
    List<Milestone> milestones =
        DoubleStream.of(0.4, 0.6, 0.8)
            .mapToLong(fraction -> Math.round(fraction * epochs))
            .filter(epoch -> epoch > 0)
            .distinct()
            .mapToObj(epoch -> new Milestone(epoch, 0.1))
            .toList();
    Map<String, Schedule> schedules = new LinkedHashMap<>();
    schedules.put("constant 0.01", new Constant(0.01));
    schedules.put("step decay from 0.05", new StepDecay(0.05, milestones));
    return schedules;
  }

  private RunComparison compare(Session session, String name, Schedule schedule) {
    List<Run> plain = new ArrayList<>();
    List<Run> noisy = new ArrayList<>();
    for (long seed = 1; seed <= seeds; seed++) {
      String run = name + ", seed " + seed;
      plain.add(train(session, schedule, NoiseSpec.none(), seed, run));
      noisy.add(train(session, schedule, noise(seed), seed, run + ", noisy"));
    }
    return new RunComparison(name, plain, noisy);
  }

  private Run train(Session session, Schedule schedule, NoiseSpec noise, long seed, String name) {
    TrainingConfig training =
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            schedule,
            noise,
            epochs,
            BATCH_SIZE,
            Augmentation.NONE,
            Precision.FP32,
            UpdateOptions.PLAIN,
            seed);
    RunConfig config =
        new RunConfig(
            DATA,
            null,
            null,
            null,
            ModelName.CNN28,
            null,
            device,
            Cpu.processors(),
            1,
            false,
            training,
            Selection.BY_TEST);
    Path folder = session.folder.resolve(RunStore.hash(config));
    Optional<Run> finished = RunDirectory.readFinished(folder);
    if (finished.isPresent()) {
      session.progress.println(name + "  finished before");
      return finished.get();
    }
    Dataset data = session.data;
    try (ConsoleProgress progress =
        new ConsoleProgress(session.progress, name, epochs, data.metric())) {
      Run run = Run.execute(config, data, folder, true, List.of(progress), session.stop);
      RunDirectory.deleteCheckpoints(folder);
      return run;
    }
  }

  private void print(List<RunComparison> comparisons, PrintStream console) {
    console.printf("%nbest test accuracy, per cent: mean ± std over %d seed(s)%n", seeds);
    String row = "%-22s %-16s %-16s %-16s%n";
    console.printf(row, "schedule", "plain", "with noise", "paired difference");
    for (RunComparison c : comparisons) {
      console.printf(
          row,
          c.name(),
          c.plainAccuracy().percent(),
          c.noisyAccuracy().percent(),
          c.difference().signedPercent());
    }
    console.println();
  }

  private static Map<String, Object> row(RunComparison c) {
    return Map.of(
        "name", c.name(),
        "plain", c.plainAccuracy().percent(),
        "noisy", c.noisyAccuracy().percent(),
        "difference", c.difference().signedPercent());
  }

  private static ChartSection section(RunComparison c) {
    return RunCharts.section(c, "accuracy", "Realised learning rate", "");
  }

  /** Draws the test accuracy for documents. */
  private static byte[] png(RunComparison c) {
    return RunCharts.scores("test accuracy", c, EpochMetrics::testAcc).png();
  }

  private Map<String, String> setting(Dataset data) {
    Map<String, String> setting = new LinkedHashMap<>();
    setting.put(
        "data",
        "%s: %d training and %d test images (Fashion-MNIST, Zalando SE, MIT licence)"
            .formatted(DATA, data.trainCount(), data.testCount()));
    setting.put("network", ModelName.CNN28 + ": two convolutions, two dense layers");
    setting.put(
        "optimizer",
        "SGD, momentum 0.9, weight decay 1e-4, batches of %d, %d epochs"
            .formatted(BATCH_SIZE, epochs));
    schedules().forEach((name, schedule) -> setting.put(name, Schedules.describe(schedule)));
    setting.put(
        "noise",
        "factor %s, one draw an epoch, in the last %.0f %% of the epochs"
            .formatted(Noises.describe(noise(1).distribution()), 100 * BETA));
    setting.put(
        "seeds", LongStream.rangeClosed(1, seeds).mapToObj(Long::toString).collect(joining(", ")));
    return setting;
  }
}
