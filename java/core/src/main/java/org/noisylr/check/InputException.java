package org.noisylr.check;

import java.util.Map;
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

  private final String field;

  public InputException(String message) {
    this(message, null);
  }

  public InputException(String message, Throwable cause) {
    super(oneLine(message), cause);
    field = null;
  }

  /**
   * An error about the value of a field: the message is the field's name, then {@code error}.
   *
   * @param error {@code must be in [0, 1], but is 2} for instance
   */
  public static InputException of(String field, String error) {
    return new InputException(field, error, null);
  }

  private InputException(String field, String error, Throwable cause) {
    super(oneLine(field + " " + error), cause);
    this.field = field;
  }

  /** The same error, where what gave the field its value has another name. */
  public InputException named(Map<String, String> names) {
    return field != null && names.containsKey(field)
        ? new InputException(names.get(field), getMessage().substring(field.length() + 1), this)
        : this;
  }

  /** A message as one line: without control characters, and cut where it is too long. */
  public static String oneLine(String message) {
    String line = message.length() > LONGEST ? message.substring(0, LONGEST) + " …" : message;
    return BREAKS.matcher(line).replaceAll(" ").strip();
  }
}
