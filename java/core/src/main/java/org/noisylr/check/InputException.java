package org.noisylr.check;

/**
 * A value or file that a user supplied is wrong. The message is one complete line for that user: it
 * names the field or file, what was found and what is allowed.
 */
public class InputException extends IllegalArgumentException {
  public InputException(String message) {
    super(message);
  }

  public InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
