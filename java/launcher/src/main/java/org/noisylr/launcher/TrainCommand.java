package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.noisylr.check.InputException;
import org.noisylr.launcher.TrainOptions.Task;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunResult;
import org.noisylr.train.run.StoppedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains one model. */
@Command(name = "train")
final class TrainCommand extends Subcommand {
  @Mixin private TrainOptions options;

  @Option(names = "--out", paramLabel = "DIR")
  private Path out;

  @Option(names = "--resume")
  private boolean resume;

  @Override
  public Integer call() {
    if (resume && out == null) {
      throw new InputException("--resume requires --out, the folder of the run");
    }
    if (out != null && out.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    if (out != null) {
      try (GracefulShutdown shutdown = new GracefulShutdown();
          StopSignal.Work work = shutdown.signal().work()) {
        return trainInFolder(shutdown.signal());
      }
    }
    Task task = described();
    try (ConsoleProgress progress = start(task)) {
      report(Run.execute(task.config(), task.data(), List.of(progress)), "");
      return 0;
    }
  }

  private int trainInFolder(StopSignal stop) {
    Task task = resumesWithoutOptions() ? stored() : described();
    try (ConsoleProgress progress = start(task)) {
      String state =
          resume && RunDirectory.readFinished(out).isPresent() ? "already finished: " : "";
      report(Run.execute(task.config(), task.data(), out, resume, List.of(progress), stop), state);
      return 0;
    } catch (StoppedException e) {
      // A stopped process ends as soon as this command has returned.
      err()
          .printf(
              "noisylr: %s; resume with: noisylr train --resume --out %s%n",
              e.getMessage(), quoted(out));
      return Noisylr.RUN_FAILED;
    }
  }

  private static ConsoleProgress start(Task task) {
    RunConfig config = task.config();
    System.out.printf(
        "%s on %s (%d training, %d test examples), %s%n",
        config.model(),
        task.data().name(),
        config.subset() == null ? task.data().trainCount() : config.subset(),
        task.data().testCount(),
        config.device());
    return new ConsoleProgress(System.out, "", config.training().epochs(), task.data().metric());
  }

  private void report(Run run, String state) {
    RunResult result = run.result();
    System.out.printf(
        Locale.ROOT,
        "%sbest test %s %.4f after %d of %d epochs, last %.4f, %.1f s%s%n",
        state,
        result.metric().title(),
        result.bestTestAcc(),
        result.bestEpoch() + 1,
        result.epochs(),
        result.lastTestAcc(),
        run.timing().total(),
        out == null ? "" : ", in " + out);
  }

  private boolean resumesWithoutOptions() {
    return resume
        && spec().commandLine().getParseResult().matchedOptions().stream()
            .allMatch(option -> Set.of("--resume", "--out").contains(option.longestName()));
  }

  /** Returns the stored run for {@code --resume} with only {@code --out}. */
  private Task stored() {
    RunConfig config =
        RunDirectory.readConfig(out)
            .orElseThrow(
                () ->
                    new InputException(
                        out
                            + " has no run to resume; to start one, give --data, --model and --lr"));
    RunDirectory.check(out, true);
    Devices.of(config.device());
    Dataset dataset = Datasets.open(config.data());
    Run.check(config, dataset);
    return new Task(config, dataset);
  }

  /** Returns the run that the options describe. */
  private Task described() {
    if (resume) {
      for (String option : List.of("--data", "--model", "--lr")) {
        if (!Options.isGiven(spec(), option)) {
          throw new InputException(
              "--resume requires --out alone, or all options that the run started with, but %s is missing"
                  .formatted(option));
        }
      }
    }
    return options.task(
        () -> {
          if (out != null) {
            RunDirectory.check(out, resume);
          }
        });
  }
}
