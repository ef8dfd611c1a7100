package org.noisylr.check;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * A wrong value or file of the user. The message is one complete line that names the field or file,
 * the value and what is allowed.
 *
 * <p>Line breaks and other control characters in the message become blanks. The message is cut
 * after 4,000 characters.
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
   * Returns an error about the value of a field: the field's name, then {@code error}.
   *
   * @param error for instance {@code must be in [0, 1], but is 2}
   */
  public static InputException of(String field, String error) {
    return new InputException(field, error, null);
  }

  private InputException(String field, String error, Throwable cause) {
    super(oneLine(field + " " + error), cause);
    this.field = field;
  }

  /** Returns the name of the wrong field; null if the message does not start with one. */
  public String field() {
    return field;
  }

  /** Returns the message without the name of the field. */
  public String error() {
    return field == null ? getMessage() : getMessage().substring(field.length() + 1);
  }

  /** Returns this error with the field's name in {@code names}, if it has one there. */
  public InputException named(Map<String, String> names) {
    return field != null && names.containsKey(field)
        ? new InputException(names.get(field), error(), this)
        : this;
  }

  /** Returns a message as one line, without control characters and of limited length. */
  public static String oneLine(String message) {
    String line = message.length() > LONGEST ? message.substring(0, LONGEST) + " …" : message;
    return BREAKS.matcher(line).replaceAll(" ").strip();
  }
}
