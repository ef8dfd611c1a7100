package org.noisylr.experiment.job;

import java.io.PrintStream;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunResult;

/**
 * Executes jobs on a store: one by one in this process, or several at a time in workers. A job of
 * several processes gets processes of its own.
 */
public final class JobRunner {
  /**
   * The number of jobs by how they ended.
   *
   * @param done trained to the end by this call
   * @param failed ended with an error
   * @param elsewhere finished, or being trained, by another process
   * @param stopped saved before the end, and can be resumed
   */
  public record Tally(int done, int failed, int elsewhere, int stopped) {}

  private final RunStore store;
  private final JobPrograms programs;
  private final StopSignal stop;
  private final PrintStream console;
  private final PrintStream errors;

  /**
   * @param programs execute jobs on the same store
   * @param stop stops all jobs; what they have done is saved
   * @param console shows the progress
   * @param errors shows failed jobs
   */
  public JobRunner(
      RunStore store,
      JobPrograms programs,
      StopSignal stop,
      PrintStream console,
      PrintStream errors) {
    this.store = store;
    this.stop = stop;
    this.programs = programs;
    this.console = console;
    this.errors = errors;
  }

  /**
   * Executes jobs.
   *
   * @param processes number of jobs at a time, at least 1; a single one runs in this process
   */
  public Tally run(List<Job> jobs, int processes) {
    Queue<Job> queue = new ConcurrentLinkedQueue<>(jobs);
    Map<Status, Integer> counts = new ConcurrentHashMap<>();
    int parallel = Math.min(processes, jobs.size());
    try (JobConsole shown = new JobConsole(console, errors, jobs.size(), parallel)) {
      Callable<Void> worker =
          () -> {
            try (JobExecutor single = executor(processes, shown);
                JobExecutor group = new GroupExecutor(store, programs.trainer(), stop)) {
              for (Job job; !stop.isRequested() && (job = queue.poll()) != null; ) {
                shown.start(job);
                Outcome outcome = (job.config().processes() == 1 ? single : group).execute(job);
                counts.merge(outcome.status(), 1, Integer::sum);
                shown.end(job, outcome.status(), describe(job, outcome));
              }
            }
            return null;
          };
      runInParallel(worker, parallel);
    }
    return new Tally(
        counts.getOrDefault(Status.DONE, 0),
        counts.getOrDefault(Status.FAILED, 0),
        counts.getOrDefault(Status.IN_USE, 0) + counts.getOrDefault(Status.DONE_ELSEWHERE, 0),
        counts.getOrDefault(Status.STOPPED, 0));
  }

  private JobExecutor executor(int processes, JobConsole shown) {
    return processes == 1
        ? new InProcessExecutor(store, stop, shown)
        : new WorkerProcess(store, programs.worker(), stop, shown);
  }

  private static void runInParallel(Callable<Void> worker, int count) {
    ExecutorService threads = Executors.newFixedThreadPool(count);
    try {
      for (Future<Void> each : threads.invokeAll(Collections.nCopies(count, worker))) {
        each.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } finally {
      threads.shutdown();
    }
  }

  private String describe(Job job, Outcome outcome) {
    return switch (outcome.status()) {
      case FAILED -> "FAILED, " + outcome.message();
      case IN_USE -> "another process is training it";
      case STOPPED -> outcome.message();
      case DONE_ELSEWHERE -> "another process has finished it";
      case DONE -> store.finished(job.key()).map(JobRunner::describe).orElse("done");
    };
  }

  private static String describe(Run run) {
    RunResult result = run.result();
    return String.format(
        Locale.ROOT,
        "best test %s %.2f %% after %d of %d epochs, last %.2f %%, %.0f s",
        result.metric().title(),
        100 * result.bestTestAcc(),
        result.bestEpoch() + 1,
        result.epochs(),
        100 * result.lastTestAcc(),
        run.timing().total());
  }
}
