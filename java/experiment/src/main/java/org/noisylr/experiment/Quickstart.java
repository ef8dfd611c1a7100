package org.noisylr.experiment;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.PrintStream;
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
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.report.QuickstartReport;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.DirectoryLock;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunResult;
import org.noisylr.train.run.Selection;

/**
 * Trains a small network on embedded images, without and with noise, and compares the runs.
 *
 * @param epochs epochs of each run, at least 1
 * @param seeds number of seeds, at least 1
 * @param device the device's own name
 * @param threads CPU threads of LibTorch, at least 1
 */
public record Quickstart(int epochs, int seeds, String device, int threads) {
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
    Check.atLeast("threads", threads, 1);
  }

  /** Returns the noise of the noisy runs. */
  public NoiseSpec noise(long seed) {
    return NoiseSpec.uniform(ALPHA).lastFraction(BETA, epochs).seed(seed);
  }

  /**
   * Trains and writes {@code report.html} and {@code test-accuracy.png} to a folder of these
   * settings in {@code folder}, so that other settings keep theirs. Runs are saved in {@code
   * folder/runs}: a finished run is not repeated, and a stopped run is resumed.
   *
   * @param environment names and values that describe program and machine, for the report
   * @param results shows the results
   * @param progress shows the progress
   * @param stop saves the progress and ends the run
   * @throws org.noisylr.train.run.StoppedException if it was stopped
   * @throws InputException if the folder holds a run or cannot be written to, or another process
   *     uses it
   */
  public void run(
      Path folder,
      Map<String, String> environment,
      PrintStream results,
      PrintStream progress,
      StopSignal stop) {
    if (RunDirectory.readConfig(folder).isPresent()) {
      throw new InputException(folder + " holds a run of 'train'; choose another folder");
    }
    OutputFolder.create(folder);
    Path own = folder.resolve(name());
    OutputFolder.create(own);
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
      Path page =
          new QuickstartReport(comparisons, setting(data), environment, seeds, seconds).write(own);
      results.printf(Locale.ROOT, "%.0f s; report of these settings: %s%n", seconds, page);
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  private String name() {
    return "%d-epochs-%d-seeds-%s-%d-threads"
        .formatted(epochs, seeds, device.replace(':', '-'), threads);
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
            threads,
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
    console.printf(
        "%ndoes noise help? difference of the best test accuracy, in percentage points%n");
    for (RunComparison c : comparisons) {
      PairedDifference best = c.difference(RunResult::bestTestAcc);
      console.printf("%-22s %s%n", c.name(), best.sentence(best.verdict()));
    }
    console.printf("%nbest test accuracy, per cent: mean ± std over seeds%n");
    String row = "%-22s %-16s %s%n";
    console.printf(row, "schedule", "plain", "with noise");
    for (RunComparison c : comparisons) {
      console.printf(row, c.name(), c.plainAccuracy().percent(), c.noisyAccuracy().percent());
    }
    console.println();
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
    setting.put("threads", Integer.toString(threads));
    setting.put(
        "seeds", LongStream.rangeClosed(1, seeds).mapToObj(Long::toString).collect(joining(", ")));
    return setting;
  }
}
