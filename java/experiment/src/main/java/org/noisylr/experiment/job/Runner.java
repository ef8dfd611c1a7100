package org.noisylr.experiment.job;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunResult;

/** Does the runs of a store one after the other, or several at a time in processes of their own. */
public final class Runner {
  /**
   * A run to do.
   *
   * @param name for the console
   */
  public record Job(String name, String key, RunConfig config) {}

  /**
   * How many runs ended how.
   *
   * @param done in this call
   * @param failed in this call
   * @param elsewhere finished, or being done, by another process
   * @param stopped to be gone on with
   */
  public record Tally(int done, int failed, int elsewhere, int stopped) {}

  private final RunStore store;
  private final List<String> workerProgram;
  private final StopSignal stop;
  private final PrintStream console;

  /**
   * @param workerProgram main class and arguments of a {@link Worker} on this store
   * @param stop ends the runs with all that they have done saved
   */
  public Runner(RunStore store, List<String> workerProgram, StopSignal stop, PrintStream console) {
    this.store = store;
    this.stop = stop;
    this.workerProgram = List.copyOf(workerProgram);
    this.console = console;
  }

  /**
   * Does runs.
   *
   * @param processes how many at a time; a single one runs in this process
   */
  public Tally run(List<Job> jobs, int processes) {
    Queue<Job> queue = new ConcurrentLinkedQueue<>(jobs);
    AtomicInteger finished = new AtomicInteger();
    int[] ends = new int[Status.values().length];
    Runnable lane =
        () -> {
          try (Lane own = lane(processes)) {
            for (Job job; !stop.isRequested() && (job = queue.poll()) != null; ) {
              Outcome outcome = own.execute(job);
              synchronized (ends) {
                ends[outcome.status().ordinal()]++;
              }
              line(
                  "[%d/%d] %s: %s"
                      .formatted(
                          finished.incrementAndGet(),
                          jobs.size(),
                          job.name(),
                          describe(job, outcome)));
            }
          }
        };
    if (processes == 1) {
      lane.run();
    } else {
      int count = Math.min(processes, jobs.size());
      ExecutorService lanes = Executors.newFixedThreadPool(count);
      List<? extends Future<?>> all =
          IntStream.range(0, count).mapToObj(i -> lanes.submit(lane)).toList();
      lanes.shutdown();
      all.forEach(Runner::await);
    }
    return new Tally(
        ends[Status.DONE.ordinal()],
        ends[Status.FAILED.ordinal()],
        ends[Status.IN_USE.ordinal()] + ends[Status.DONE_ELSEWHERE.ordinal()],
        ends[Status.STOPPED.ordinal()]);
  }

  private Lane lane(int processes) {
    return processes == 1
        ? new OwnProcess(store, stop, this::line)
        : new Worker(store, workerProgram, stop, this::line);
  }

  private static void await(Future<?> lane) {
    try {
      lane.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private void line(String line) {
    synchronized (console) {
      console.println(line);
    }
  }

  private String describe(Job job, Outcome outcome) {
    return switch (outcome.status()) {
      case FAILED -> "FAILED, " + outcome.message();
      case IN_USE -> "left to the process that is doing it";
      case STOPPED -> outcome.message();
      case DONE_ELSEWHERE -> "was finished by another process";
      case DONE -> store.finished(job.key()).map(Runner::describe).orElse("done");
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
