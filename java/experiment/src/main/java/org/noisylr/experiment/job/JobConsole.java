package org.noisylr.experiment.job;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.train.console.Terminal;

/** Shows jobs on a console: lines and, on a terminal, a bar with the time left. Thread-safe. */
final class JobConsole implements AutoCloseable {
  private final PrintStream out;
  private final PrintStream errors;
  private final int jobs;
  private final TimeLeft timeLeft;
  private final long start = System.nanoTime();
  private int finished;
  private ProgressBar bar;

  /**
   * @param errors receives the lines of failed jobs
   * @param parallel number of jobs at a time
   */
  JobConsole(PrintStream out, PrintStream errors, int jobs, int parallel) {
    this.out = out;
    this.errors = errors;
    this.jobs = jobs;
    timeLeft = new TimeLeft(jobs, parallel);
    drawBar();
  }

  private double now() {
    return (System.nanoTime() - start) * 1e-9;
  }

  private void drawBar() {
    if (Terminal.isInteractive(out)) {
      bar =
          Terminal.bar(System.err)
              .setTaskName("runs")
              .setInitialMax(jobs)
              .startsFrom(finished, Duration.ofNanos(System.nanoTime() - start))
              .setEtaFunction(
                  state ->
                      timeLeft.seconds(now()).map(left -> Duration.ofSeconds(Math.round(left))))
              .build();
    }
  }

  synchronized void start(Job job) {
    timeLeft.start(job, now());
  }

  synchronized void end(Job job, Status status, String message) {
    timeLeft.end(job, status, now());
    if (status == Status.STOPPED) {
      print(job, message);
      return;
    }
    finished++;
    Optional<Double> left = timeLeft.seconds(now());
    print(
        status == Status.FAILED ? errors : out,
        "[%d/%d] %s: %s%s"
            .formatted(
                finished,
                jobs,
                job.name(),
                message,
                left.map(seconds -> "; about %s left".formatted(Terminal.words(seconds)))
                    .orElse("")));
  }

  synchronized void print(Job job, String message) {
    print(out, job.name() + ": " + message);
  }

  private void print(PrintStream stream, String line) {
    close();
    stream.println(line);
    drawBar();
  }

  /** Removes the bar. */
  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
