package org.noisylr.experiment.job;

import org.noisylr.experiment.store.RunStore.Outcome;

/** Executes one job after the other. */
interface JobExecutor extends AutoCloseable {
  /** Trains a run. Returns errors of the run, and does not throw them. */
  Outcome execute(Job job);

  @Override
  default void close() {}
}
