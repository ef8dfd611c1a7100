package org.noisylr.train.run;

import java.nio.file.Path;
import org.noisylr.check.InputException;

/** Another run uses the directory, in this process or another. */
public final class InUseException extends InputException {
  InUseException(Path directory) {
    super(directory + " is in use by another run of noisylr");
  }
}
