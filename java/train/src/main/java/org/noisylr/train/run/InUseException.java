package org.noisylr.train.run;

import java.nio.file.Path;
import org.noisylr.check.InputException;

/** Another run, of this process or another one, is using the directory at the moment. */
public final class InUseException extends InputException {
  InUseException(Path directory) {
    super(directory + " is in use by another run");
  }
}
