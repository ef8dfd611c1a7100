package org.noisylr.check;

import java.util.regex.Pattern;

/**
 * A value or file that a user supplied is wrong. The message is one complete line for that user: it
 * names the field or file, what was found and what is allowed.
 *
 * <p>What the message quotes may hold line breaks and other control characters, which become
 * blanks, and may be long: after 4,000 characters the line is cut.
 */
public class InputException extends IllegalArgumentException {
  private static final int LONGEST = 4_000;
  private static final Pattern BREAKS = Pattern.compile("\\s*[\\p{Cc}\\p{Zl}\\p{Zp}]+\\s*");

  public InputException(String message) {
    this(message, null);
  }

  public InputException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /** A message as one line: without control characters, and cut where it is too long. */
  public static String oneLine(String message) {
    String line = message.length() > LONGEST ? message.substring(0, LONGEST) + " …" : message;
    return BREAKS.matcher(line).replaceAll(" ").strip();
  }
}
