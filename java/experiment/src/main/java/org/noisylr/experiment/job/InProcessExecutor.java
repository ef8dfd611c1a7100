package org.noisylr.experiment.job;

import java.util.List;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.train.loop.StopSignal;

/** Executes jobs in this process. */
record InProcessExecutor(RunStore store, StopSignal stop, JobConsole console)
    implements JobExecutor {
  @Override
  public Outcome execute(Job job) {
    Heartbeat heartbeat =
        new Heartbeat(job.config().training().epochs(), message -> console.print(job, message));
    return store.execute(job.config(), List.of(heartbeat), stop);
  }
}
