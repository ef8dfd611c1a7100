package org.noisylr.experiment.job;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.noisylr.check.Reason;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.process.JavaProgram;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunFormat;

/**
 * Executes jobs in a process of its own, so that a crash ends one run only.
 *
 * <p>The process reads a configuration from each line of its standard input. It writes lines of
 * {@link #MARK}, a keyword and a text to its standard output; other lines are ignored. At the end
 * of its input, for instance because its parent died, it stops the current run and exits.
 */
public final class WorkerProcess implements JobExecutor {
  private static final String MARK = "noisylr\t";
  private static final String PROGRESS = "PROGRESS";
  private static final String END = "";

  private final RunStore store;
  private final List<String> program;
  private final StopSignal stop;
  private final JobConsole console;
  private Process process;
  private BufferedWriter to;
  private BufferedReader from;

  /**
   * @param program main class and arguments of a program that calls {@link #serve}
   * @param stop stops the run in the process
   */
  WorkerProcess(RunStore store, List<String> program, StopSignal stop, JobConsole console) {
    this.store = store;
    this.stop = stop;
    this.program = program;
    this.console = console;
  }

  @Override
  public Outcome execute(Job job) {
    try {
      if (process == null) {
        start();
      }
      to.write(RunFormat.toLine(job.config()));
      to.newLine();
      to.flush();
      for (String line; (line = from.readLine()) != null; ) {
        if (!line.startsWith(MARK)) {
          continue;
        }
        String[] parts = line.split("\t", 3);
        if (!parts[1].equals(PROGRESS)) {
          Outcome outcome = new Outcome(Status.valueOf(parts[1]), parts[2]);
          if (outcome.status() == Status.STOPPED) {
            // The process is about to exit.
            close();
          }
          return outcome;
        }
        console.print(job, parts[2]);
      }
      return died(job, "");
    } catch (IOException e) {
      return died(job, ": " + Reason.of(e, ""));
    }
  }

  private Outcome died(Job job, String detail) {
    String reason = "its process could not be started" + detail;
    if (process != null) {
      try {
        reason = "its process ended with exit code " + process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        reason = "the wait for its process was interrupted";
      }
    }
    close();
    return stop.isRequested()
        ? new Outcome(Status.STOPPED, "stopped: " + reason)
        : store.fail(job.key(), reason);
  }

  private void start() throws IOException {
    process =
        new ProcessBuilder(JavaProgram.command(program))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    to = process.outputWriter(StandardCharsets.UTF_8);
    from = process.inputReader(StandardCharsets.UTF_8);
    BufferedWriter input = to;
    stop.whenRequested(() -> end(input));
  }

  private static void end(BufferedWriter input) {
    try {
      input.close();
    } catch (IOException e) {
      // The process has died already.
    }
  }

  @Override
  public void close() {
    if (process == null) {
      return;
    }
    end(to);
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process = null;
  }

  /**
   * Executes jobs in the worker process as they are read, until {@code in} ends or {@code stop} is
   * requested.
   */
  public static void serve(RunStore store, InputStream in, PrintStream out, StopSignal stop)
      throws InterruptedException {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    stop.whenRequested(() -> lines.add(END));
    Thread reader = new Thread(() -> read(in, lines, stop), "input");
    reader.setDaemon(true);
    reader.start();
    for (String line; !(line = lines.take()).equals(END) && !stop.isRequested(); ) {
      RunConfig config = RunFormat.fromLine(line);
      Heartbeat heartbeat =
          new Heartbeat(config.training().epochs(), text -> write(out, PROGRESS, text));
      try (StopSignal.Work work = stop.work()) {
        Outcome outcome = store.execute(config, List.of(heartbeat), stop);
        write(out, outcome.status().name(), outcome.message());
      }
    }
  }

  private static void read(InputStream in, BlockingQueue<String> lines, StopSignal stop) {
    try (BufferedReader input =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line; (line = input.readLine()) != null; ) {
        lines.add(line);
      }
    } catch (IOException e) {
      // The same as the end of the input.
    }
    // Stops a run in progress too: nobody waits for it any longer.
    stop.request();
  }

  private static void write(PrintStream out, String keyword, String text) {
    out.println(MARK + keyword + "\t" + text);
    out.flush();
  }
}
