package org.noisylr.experiment.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.experiment.store.RunStore.Status;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.process.JavaProgram;
import org.noisylr.train.process.LocalRanks;
import org.noisylr.train.run.InUseException;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;

/**
 * Executes jobs of several processes each, which a program starts that resumes a run's folder.
 *
 * @param program main class and arguments of the program; the folder is appended
 */
record GroupExecutor(RunStore store, List<String> program, StopSignal stop) implements JobExecutor {
  /** The start of an error that the program reports. */
  private static final String ERROR = "noisylr: ";

  @Override
  public Outcome execute(Job job) {
    String key = job.key();
    try {
      if (store.finished(key).isPresent()) {
        store.cleanUp(key);
        return new Outcome(Status.DONE_ELSEWHERE, "");
      }
      RunConfig config = store.config(key).orElse(job.config());
      RunDirectory.prepare(store.folder(key), config);
      String error = train(store.folder(key));
      if (store.finished(key).isPresent()) {
        store.cleanUp(key);
        return new Outcome(Status.DONE, "");
      }
      return stop.isRequested() ? new Outcome(Status.STOPPED, error) : store.fail(key, error);
    } catch (InUseException e) {
      return new Outcome(Status.IN_USE, e.getMessage());
    } catch (InputException e) {
      return store.fail(key, e.getMessage());
    } catch (IOException e) {
      return store.fail(key, "its processes could not be started: " + Reason.of(e, ""));
    }
  }

  /** Runs the program on a folder; returns the last line of its errors. */
  private String train(Path folder) throws IOException {
    List<String> arguments = new ArrayList<>(program);
    arguments.add(folder.toString());
    Path errors = Files.createTempFile("noisylr-errors", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(JavaProgram.command(arguments))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(errors.toFile());
      LocalRanks.leaveGroup(builder.environment());
      Process process = builder.start();
      stop.whenRequested(process::destroy);
      int exitCode = await(process);
      return Files.readAllLines(errors).stream()
          .filter(line -> line.startsWith(ERROR))
          .reduce((first, second) -> second)
          .map(line -> line.substring(ERROR.length()))
          .orElse("its processes ended with exit code " + exitCode);
    } finally {
      Files.delete(errors);
    }
  }

  private static int await(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a run's processes", e);
    }
  }
}
