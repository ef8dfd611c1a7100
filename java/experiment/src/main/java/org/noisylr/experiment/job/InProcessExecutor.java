package org.noisylr.experiment.job;

import java.util.List;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.train.loop.StopSignal;

/** Executes jobs in this process. */
final class InProcessExecutor implements JobExecutor {
  private final RunStore store;
  private final StopSignal stop;
  private final JobConsole console;

  InProcessExecutor(RunStore store, StopSignal stop, JobConsole console) {
    this.store = store;
    this.stop = stop;
    this.console = console;
  }

  @Override
  public Outcome execute(Job job) {
    Heartbeat heartbeat =
        new Heartbeat(job.config().training().epochs(), message -> console.print(job, message));
    return store.execute(job.config(), List.of(heartbeat), stop);
  }

  @Override
  public void close() {}
}
