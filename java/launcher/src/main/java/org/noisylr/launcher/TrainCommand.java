package org.noisylr.launcher;

import static java.util.stream.Collectors.toSet;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.launcher.TrainOptions.Task;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.log.TensorBoardLog;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.process.LocalRanks;
import org.noisylr.train.run.Agreement;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.Extension;
import org.noisylr.train.run.ModelSpec;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunFormat;
import org.noisylr.train.run.RunResult;
import org.noisylr.train.run.StoppedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Trains one model. */
@Command(name = "train")
final class TrainCommand extends Subcommand {
  /** The options that are not part of a run's configuration. */
  private static final Set<String> PROCESS_OPTIONS =
      Set.of("--resume", "--out", "--processes", "--join-timeout", "--tensorboard", "--quiet");

  private static final String EPOCHS = "--epochs";

  @Mixin private TrainOptions options;

  @Option(names = "--out", paramLabel = "DIR")
  private Path out;

  @Option(names = "--resume")
  private boolean resume;

  @Option(names = "--config", paramLabel = "FILE")
  private Path config;

  @Option(names = "--tensorboard")
  private boolean tensorboard;

  @Mixin private QuietOption quiet;

  @Option(names = "--join-timeout", paramLabel = "SECONDS", defaultValue = "300")
  private int joinTimeout;

  /** Whether the folder to resume from holds no run. */
  private boolean isNew;

  /** Whether the options give a stored run more epochs. */
  private boolean isExtension;

  @Override
  public Integer call() {
    if (resume && out == null) {
      throw new InputException("--resume requires --out, the folder of the run");
    }
    if (tensorboard && out == null) {
      throw new InputException("--tensorboard requires --out, the folder of the run");
    }
    if (out != null && out.toString().isEmpty()) {
      throw new InputException("--out must name a folder, but is empty");
    }
    if (config != null && resume) {
      throw new InputException("--config and --resume exclude each other");
    }
    Optional<RunConfig> stored = resume ? RunDirectory.readConfig(out) : Optional.empty();
    if (spec().defaultValueProvider() == null) {
      if (config != null) {
        RunConfig defaults = RunDirectory.readConfigFile(config);
        ModelSpec model = defaults.model().in(config.toAbsolutePath().getParent());
        return new ConfigDefaults(defaults, model).execute(commandLine(), false);
      }
      if (stored.isPresent() && !runOptions().isEmpty()) {
        return new ConfigDefaults(stored.get(), stored.get().model()).execute(commandLine(), true);
      }
    }
    isNew = resume && stored.isEmpty();
    isExtension = stored.filter(this::isExtended).isPresent();
    Optional<Rendezvous> rank = Rendezvous.fromEnvironment().filter(place -> place.size() > 1);
    if (rank.isPresent()) {
      return trainAsRank(rank.get());
    }
    if (resume && !isExtension && RunDirectory.readFinished(out).isPresent()) {
      return trainAlone();
    }
    int processes = processes();
    return processes > 1 ? startRanks(processes) : trainAlone();
  }

  private int processes() {
    if (!resumesWithoutOptions() || Options.isGiven(spec(), "--processes")) {
      return options.processes();
    }
    int stored = RunDirectory.readConfig(out).map(RunConfig::processes).orElse(1);
    if (stored > Math.max(2, Cpu.processors())) {
      throw new InputException(
          "the run started with %d processes, more than this machine's processors; give --processes"
              .formatted(stored));
    }
    return stored;
  }

  private int trainAlone() {
    if (out == null) {
      Task task = described();
      try (ConsoleProgress progress = start(task)) {
        report(
            Run.execute(task.config(), task.data(), List.of(progress)),
            task.config().training().epochs(),
            "");
        return 0;
      }
    }
    try (GracefulShutdown shutdown = new GracefulShutdown(!LocalRanks.isChild());
        StopSignal.Work work = shutdown.signal().work()) {
      Task task = resumesWithoutOptions() ? opened(storedConfig().withProcesses(1)) : described();
      if (isExtension) {
        extend(task);
      }
      try (ConsoleProgress progress = start(task)) {
        boolean finished = resume && RunDirectory.readFinished(out).isPresent();
        List<TrainingListener> listeners = listeners(progress);
        Run run =
            Run.execute(task.config(), task.data(), out, resume, listeners, shutdown.signal());
        if (finished && tensorboard) {
          new TensorBoardLog(out).onStart();
        }
        report(run, task.config().training().epochs(), finished ? "already finished: " : "");
        return 0;
      } catch (StoppedException e) {
        return stopped(e.getMessage());
      }
    }
  }

  /** Starts the ranks, each of which runs this command. */
  private int startRanks(int processes) {
    if (out != null) {
      RunDirectory.check(out, resume);
    }
    List<String> program = new ArrayList<>(List.of(Noisylr.class.getName()));
    program.addAll(spec().root().commandLine().getParseResult().originalArgs());
    try (GracefulShutdown shutdown = new GracefulShutdown(!LocalRanks.isChild());
        StopSignal.Work work = shutdown.signal().work()) {
      LocalRanks.stopWithParent(shutdown.signal());
      LocalRanks.End end = LocalRanks.run(processes, program, shutdown.signal());
      return end.killed().isEmpty() ? end.exitCode() : stopped(end.killed());
    }
  }

  /** Trains as one rank of a group. Rank 0 prints and writes for all. */
  private int trainAsRank(Rendezvous place) {
    Check.atLeast("--join-timeout", (long) joinTimeout, 1);
    if (Options.isGiven(spec(), "--processes") && options.processes() != place.size()) {
      throw Check.invalid(
          "--processes", options.processes(), "the number of ranks, " + place.size());
    }
    try (GracefulShutdown shutdown =
        new GracefulShutdown(place.rank() == 0 && !LocalRanks.isChild())) {
      LocalRanks.stopWithParent(shutdown.signal());
      Duration timeout = Duration.ofSeconds(joinTimeout);
      try (GroupMember member =
              GroupMember.join(place, options.allowsCuda(), timeout, commandLine());
          StopSignal.Work work = shutdown.signal().work()) {
        return member.run(() -> trainAsRank(place, member.group(), shutdown.signal()));
      }
    }
  }

  private int trainAsRank(Rendezvous place, Communicator group, StopSignal stop) {
    Agreement.checkSame(group, resumesWithoutOptions(), "--resume");
    Task task = resumesWithoutOptions() ? stored(place, group) : describedOnRank(place, group);
    boolean prints = group.rank() == 0;
    Agreement.on(group, () -> prints && isExtension ? extend(task) : null);
    try (ConsoleProgress progress = prints ? start(task) : null) {
      Run.execute(
              task.config(),
              task.data(),
              out,
              resume,
              prints ? listeners(progress) : List.of(),
              stop,
              group)
          .ifPresent(run -> report(run, task.config().training().epochs(), ""));
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
            out == null
                ? ""
                : "; resume with: %s train --resume --out %s".formatted(program(), quoted(out)));
    return Noisylr.RUN_FAILED;
  }

  /** Returns the observers of a run; those of a run in a folder include its log if it has one. */
  private List<TrainingListener> listeners(ConsoleProgress progress) {
    return out != null && (tensorboard || TensorBoardLog.exists(out))
        ? List.of(progress, new TensorBoardLog(out))
        : List.of(progress);
  }

  private ConsoleProgress start(Task task) {
    RunConfig config = task.config();
    if (isNew) {
      err().printf("noisylr: %s has no run to resume: starting a new one%n", out);
    }
    PrintStream console = quiet.progress();
    Dataset.Split parts = Run.parts(config, task.data());
    console.printf(
        "%s on %s (%d training, %s%d test examples), %s%s%n",
        config.model(),
        task.data().name(),
        parts.dataset().trainCount(),
        parts.validation() == null
            ? ""
            : "%d validation, ".formatted(parts.validation().testCount()),
        parts.dataset().testCount(),
        config.device(),
        config.processes() == 1 ? "" : ", " + config.processes() + " processes");
    return new ConsoleProgress(console, "", config.training().epochs(), task.data().metric());
  }

  private void report(Run run, int epochs, String state) {
    RunResult result = run.result();
    boolean validated = result.bestValidationAcc() != null;
    System.out.printf(
        Locale.ROOT,
        "%s%s test %s %.4f after %d of %d epochs%s, last %.4f, %.1f s%s%n",
        state,
        validated
            ? String.format(
                Locale.ROOT,
                "best validation %s %.4f,",
                result.metric().title(),
                result.bestValidationAcc())
            : "best",
        result.metric().title(),
        result.bestTestAcc(),
        result.bestEpoch() + 1,
        result.epochs(),
        result.epochs() < epochs ? " (stopped early, %d were planned)".formatted(epochs) : "",
        result.lastTestAcc(),
        run.timing().total(),
        out == null ? "" : ", in " + out);
  }

  /** Returns whether the run's own options are those that it started with. */
  private boolean resumesWithoutOptions() {
    return resume && runOptions().isEmpty();
  }

  /**
   * Returns whether the options give a stored run more epochs.
   *
   * @throws InputException if they give it fewer
   */
  private boolean isExtended(RunConfig stored) {
    if (!Options.isGiven(spec(), EPOCHS)) {
      return false;
    }
    int epochs = stored.training().epochs();
    Check.atLeast("%s of the run in %s".formatted(EPOCHS, out), options.epochs(), epochs);
    return options.epochs() > epochs;
  }

  private RunConfig extend(Task task) {
    ConfigDefaults.checkExtension(storedConfig(), task.config());
    return Extension.extend(out, task.config());
  }

  /** Returns the given options that describe the run. */
  private Set<String> runOptions() {
    return spec().commandLine().getParseResult().matchedOptions().stream()
        .map(OptionSpec::longestName)
        .filter(option -> !PROCESS_OPTIONS.contains(option))
        .collect(toSet());
  }

  /** Returns the stored run for a rank of a group; rank 0 reads its configuration. */
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
    RunConfig config = RunDirectory.readConfig(out).orElseThrow(this::noRun);
    RunDirectory.check(out, true);
    return config;
  }

  private InputException noRun() {
    return new InputException(
        out + " has no run to resume; to start one, give --data, --model and --lr");
  }

  private Task opened(RunConfig config) {
    Devices.of(config.device());
    Dataset dataset = Datasets.open(config.data(), config.resize());
    Run.check(config, dataset, out);
    return new Task(config, dataset);
  }

  private Task describedOnRank(Rendezvous place, Communicator group) {
    boolean reads = group.rank() == 0;
    String own =
        Agreement.on(group, () -> reads ? storedThreads().map(String::valueOf).orElse("") : "");
    String threads = group.gather(own).get(0);
    return Agreement.on(
        group,
        () -> {
          try {
            return described(
                Optional.of(place),
                threads.isEmpty() ? Optional.empty() : Optional.of(Integer.valueOf(threads)));
          } catch (ParameterException e) {
            throw new InputException(e.getMessage(), e);
          }
        });
  }

  /** Returns the threads of the run to resume; empty if there is none. */
  private Optional<Integer> storedThreads() {
    return resume ? RunDirectory.readConfig(out).map(RunConfig::threads) : Optional.empty();
  }

  private Task described() {
    return described(Optional.empty(), storedThreads());
  }

  /**
   * Returns the run that the options describe.
   *
   * @param threads the number of threads if the options do not say it
   */
  private Task described(Optional<Rendezvous> rank, Optional<Integer> threads) {
    if (resume
        && spec().defaultValueProvider() == null
        && Stream.of("--data", "--model", "--lr")
            .anyMatch(option -> spec().findOption(option).getValue() == null)) {
      throw noRun();
    }
    return options.task(
        rank,
        threads,
        out,
        () -> {
          if (out != null && rank.map(place -> place.rank() == 0).orElse(true)) {
            RunDirectory.check(out, resume);
          }
        });
  }
}
