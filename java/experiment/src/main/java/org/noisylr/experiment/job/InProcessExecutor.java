package org.noisylr.experiment.job;

import java.util.List;
import java.util.function.Consumer;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.store.RunStore.Outcome;
import org.noisylr.train.loop.StopSignal;

/** Executes jobs in this process. */
final class InProcessExecutor implements JobExecutor {
  private final RunStore store;
  private final StopSignal stop;
  private final Consumer<String> console;

  InProcessExecutor(RunStore store, StopSignal stop, Consumer<String> console) {
    this.store = store;
    this.stop = stop;
    this.console = console;
  }

  @Override
  public Outcome execute(Job job) {
    Heartbeat heartbeat =
        new Heartbeat(
            job.config().training().epochs(),
            message -> console.accept(job.name() + ": " + message));
    return store.execute(job.config(), List.of(heartbeat), stop);
  }

  @Override
  public void close() {}
}
