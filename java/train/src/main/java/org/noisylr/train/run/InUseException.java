package org.noisylr.train.run;

import java.nio.file.Path;
import org.noisylr.check.InputException;

/** Another program, or another run of this one, is using the directory at the moment. */
public final class InUseException extends InputException {
  InUseException(Path directory) {
    super(directory + " is in use by another run of noisylr");
  }
}
