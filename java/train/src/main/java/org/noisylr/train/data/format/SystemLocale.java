package org.noisylr.train.data.format;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.noisylr.check.InputException;

/** The encoding of file names, which Java takes from the locale. */
public final class SystemLocale {
  /** Stands for a byte of a name that the locale cannot represent. */
  private static final String LOST = "\uFFFD";

  private SystemLocale() {}

  /**
   * Returns a text that was given as an argument or the name of a file.
   *
   * @throws InputException if it has characters that the locale cannot represent, so that no file
   *     would be found
   */
  public static String checked(String text) {
    return checked(text, System.getProperty("sun.jnu.encoding"));
  }

  static String checked(String text, String encoding) {
    if (text.contains(LOST) && !isUtf8(encoding)) {
      throw new InputException(
          "%s has characters that the locale (%s) cannot represent; set the environment variable LC_ALL to C.UTF-8"
              .formatted(text, encoding));
    }
    return text;
  }

  private static boolean isUtf8(String encoding) {
    return encoding != null
        && Charset.isSupported(encoding)
        && Charset.forName(encoding).equals(StandardCharsets.UTF_8);
  }
}
