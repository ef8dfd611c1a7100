package org.noisylr.launcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.launcher.TrainOptions.Task;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.process.LocalRanks;
import org.noisylr.train.run.Agreement;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunFormat;
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

  @Option(names = "--join-timeout", paramLabel = "SECONDS", defaultValue = "300")
  private int joinTimeout;

  @Override
  public Integer call() {
    if (resume && out == null) {
      throw new InputException("--resume requires --out, the folder of the run");
    }
    if (out != null && out.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    Optional<Rendezvous> rank = Rendezvous.fromEnvironment().filter(place -> place.size() > 1);
    if (rank.isPresent()) {
      return trainAsRank(rank.get());
    }
    int processes =
        resumesWithoutOptions()
            ? RunDirectory.readConfig(out).map(RunConfig::processes).orElse(1)
            : options.processes();
    return processes > 1 ? startRanks(processes) : trainAlone();
  }

  private int trainAlone() {
    if (out == null) {
      Task task = described(Optional.empty());
      try (ConsoleProgress progress = start(task)) {
        report(Run.execute(task.config(), task.data(), List.of(progress)), "");
        return 0;
      }
    }
    try (GracefulShutdown shutdown = new GracefulShutdown();
        StopSignal.Work work = shutdown.signal().work()) {
      Task task = resumesWithoutOptions() ? stored() : described(Optional.empty());
      try (ConsoleProgress progress = start(task)) {
        String state =
            resume && RunDirectory.readFinished(out).isPresent() ? "already finished: " : "";
        report(
            Run.execute(
                task.config(), task.data(), out, resume, List.of(progress), shutdown.signal()),
            state);
        return 0;
      } catch (StoppedException e) {
        return stopped(e.getMessage());
      }
    }
  }

  /** Starts the ranks, each of which runs this command. */
  private int startRanks(int processes) {
    List<String> program = new ArrayList<>(List.of(Noisylr.class.getName()));
    program.addAll(spec().root().commandLine().getParseResult().originalArgs());
    try (GracefulShutdown shutdown = new GracefulShutdown();
        StopSignal.Work work = shutdown.signal().work()) {
      LocalRanks.End end =
          LocalRanks.run(processes, program, ProcessBuilder.Redirect.INHERIT, shutdown.signal());
      return end.killed().isEmpty() ? end.exitCode() : stopped(end.killed());
    }
  }

  /** Trains as one rank of a group. Rank 0 prints and writes for all. */
  private int trainAsRank(Rendezvous place) {
    Check.atLeast("--join-timeout", (long) joinTimeout, 1);
    try (GroupMember member =
            GroupMember.join(
                place, options.allowsCuda(), Duration.ofSeconds(joinTimeout), commandLine());
        GracefulShutdown shutdown = new GracefulShutdown();
        StopSignal.Work work = shutdown.signal().work()) {
      LocalRanks.stopWithParent(shutdown.signal());
      return member.run(() -> trainAsRank(place, member.group(), shutdown.signal()));
    }
  }

  private int trainAsRank(Rendezvous place, Communicator group, StopSignal stop) {
    Task task =
        resumesWithoutOptions()
            ? stored(place, group)
            : Agreement.on(group, () -> described(Optional.of(place)));
    boolean prints = group.rank() == 0;
    try (ConsoleProgress progress = prints ? start(task) : null) {
      Run.execute(
              task.config(),
              task.data(),
              out,
              resume,
              prints ? List.of(progress) : List.of(),
              stop,
              group)
          .ifPresent(run -> report(run, ""));
      return 0;
    } catch (StoppedException e) {
      return stopped(e.getMessage());
    }
  }

  /** Says how to resume. A stopped process ends as soon as this command has returned. */
  private int stopped(String reason) {
    err()
        .printf(
            "noisylr: %s%s%n",
            reason,
            out == null ? "" : "; resume with: noisylr train --resume --out " + quoted(out));
    return Noisylr.RUN_FAILED;
  }

  private static ConsoleProgress start(Task task) {
    RunConfig config = task.config();
    System.out.printf(
        "%s on %s (%d training, %d test examples), %s%s%n",
        config.model(),
        task.data().name(),
        config.subset() == null ? task.data().trainCount() : config.subset(),
        task.data().testCount(),
        config.device(),
        config.processes() == 1 ? "" : ", " + config.processes() + " processes");
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
    return opened(storedConfig());
  }

  /** The same for a rank of a group: rank 0 reads the configuration. */
  private Task stored(Rendezvous place, Communicator group) {
    boolean reads = group.rank() == 0;
    String own = Agreement.on(group, () -> reads ? RunFormat.toLine(storedConfig()) : "");
    RunConfig stored = RunFormat.fromLine(group.gather(own).get(0));
    RunConfig config =
        (stored.device().startsWith("cuda") && !reads
                ? stored.withDevice("cuda:" + place.localRank())
                : stored)
            .withProcesses(group.size());
    return Agreement.on(group, () -> opened(config));
  }

  private RunConfig storedConfig() {
    RunConfig config =
        RunDirectory.readConfig(out)
            .orElseThrow(
                () ->
                    new InputException(
                        out
                            + " has no run to resume; to start one, give --data, --model and --lr"));
    RunDirectory.check(out, true);
    return config;
  }

  private static Task opened(RunConfig config) {
    Devices.of(config.device());
    Dataset dataset = Datasets.open(config.data());
    Run.check(config, dataset);
    return new Task(config, dataset);
  }

  /** Returns the run that the options describe. */
  private Task described(Optional<Rendezvous> rank) {
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
        rank,
        () -> {
          if (out != null && rank.map(place -> place.rank() == 0).orElse(true)) {
            RunDirectory.check(out, resume);
          }
        });
  }
}
