package org.noisylr.experiment.table;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.noisylr.check.InputException;

/**
 * A number that the paper prints, in per cent.
 *
 * @param mean the number
 * @param std the spread that the paper prints beside it; NaN if it prints none
 */
public record PaperValue(double mean, double std) {
  private static final Pattern TEXT =
      Pattern.compile("(\\d+(?:\\.\\d+)?)(?: ± (\\d+(?:\\.\\d+)?))?");

  /**
   * Reads {@code 91.66 ± 0.03} or {@code 91.66}.
   *
   * @throws InputException if the text is something else
   */
  @JsonCreator
  public static PaperValue parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw InputException.of("paper", "must look like 91.66 ± 0.03, but is " + text);
    }
    return new PaperValue(
        Double.parseDouble(matcher.group(1)),
        matcher.group(2) == null ? Double.NaN : Double.parseDouble(matcher.group(2)));
  }

  @JsonCreator
  static PaperValue of(double mean) {
    return new PaperValue(mean, Double.NaN);
  }

  /** Formats the number as the paper prints it. */
  @Override
  public String toString() {
    return Double.isNaN(std) ? "%.2f".formatted(mean) : "%.2f ± %.2f".formatted(mean, std);
  }
}
