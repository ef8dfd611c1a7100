package org.noisylr.launcher.experiment;

import org.noisylr.launcher.experiment.RunStore.Outcome;
import org.noisylr.launcher.experiment.Runner.Job;

/** Something that does one run after the other. */
interface Lane extends AutoCloseable {
  /** Does a run; never throws for what goes wrong in it. */
  Outcome execute(Job job);

  @Override
  void close();
}
