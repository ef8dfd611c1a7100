package org.noisylr.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.noisylr.train.data.Dataset;
import org.slf4j.LoggerFactory;

/** The warnings about skipped and converted files. */
final class DataNotes {
  private DataNotes() {}

  /** Leaves them to the process that started this one, or to rank 0. */
  static void silence() {
    ((Logger) LoggerFactory.getLogger(Dataset.class.getPackageName())).setLevel(Level.ERROR);
  }
}
