package org.noisylr.train.run;

import org.noisylr.check.InputException;

/** A wrong value or file on which all ranks of a group have agreed: all of them throw it. */
public final class AgreedInputException extends InputException {
  AgreedInputException(String message) {
    super(message);
  }
}
