package org.noisylr.experiment.job;

import org.noisylr.experiment.job.Runner.Job;
import org.noisylr.experiment.store.RunStore.Outcome;

/** Something that does one run after the other. */
interface Lane extends AutoCloseable {
  /** Does a run; never throws for what goes wrong in it. */
  Outcome execute(Job job);

  @Override
  void close();
}
