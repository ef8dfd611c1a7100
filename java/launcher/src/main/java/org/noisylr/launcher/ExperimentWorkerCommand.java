package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.List;
import org.noisylr.experiment.job.JobPrograms;
import org.noisylr.experiment.job.WorkerProcess;
import org.noisylr.experiment.store.RunStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Trains runs for another process, which starts this command. */
@Command(name = ExperimentWorkerCommand.NAME, hidden = true)
final class ExperimentWorkerCommand extends Subcommand {
  static final String NAME = "worker";

  @Mixin private StoreOption store;
  @Mixin private QuietOption quiet;

  /** Returns the programs that execute the runs of a store. */
  static JobPrograms programs(Path store) {
    String main = Noisylr.class.getName();
    return new JobPrograms(
        List.of(main, "experiment", NAME, "--out", store.toString()),
        List.of(main, "train", "--resume", "--out"));
  }

  @Override
  public Integer call() throws InterruptedException {
    DataNotes.silence();
    try (GracefulShutdown shutdown = new GracefulShutdown(false)) {
      WorkerProcess.serve(new RunStore(store.folder()), System.in, System.out, shutdown.signal());
    }
    return 0;
  }
}
