package org.noisylr.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * A factor that multiplies the learning rate from an epoch on.
 *
 * @param epoch zero-based epoch, in [1, inf); a factor from epoch 0 on is part of the rate
 * @param factor in (0, inf)
 */
public record Milestone(long epoch, double factor) {
  private static final Pattern PAIR = Pattern.compile("\\s*(\\d+)\\s*:\\s*([^\\s:]+)\\s*");

  /**
   * @throws InputException if epoch or factor is out of range
   */
  public Milestone {
    Check.atLeast("epoch", epoch, 1);
    Check.positive("factor", factor);
  }

  /**
   * Parses {@code EPOCH:FACTOR} pairs separated by commas, such as {@code 80:0.1,120:0.1}.
   *
   * @param field the name of the text in error messages
   * @param text at least one pair, epochs strictly increasing; blanks around the parts are ignored
   * @throws InputException if the text is malformed, a value is out of range or the epochs do not
   *     strictly increase
   */
  public static List<Milestone> parse(String field, String text) {
    List<Milestone> milestones = new ArrayList<>();
    for (String pair : text.split(",", -1)) {
      milestones.add(parsePair(field, pair));
    }
    return increasing(field, milestones);
  }

  private static Milestone parsePair(String field, String pair) {
    Matcher matcher = PAIR.matcher(pair);
    if (!matcher.matches()) {
      throw malformed(field, pair, null);
    }
    try {
      return new Milestone(Long.parseLong(matcher.group(1)), Double.parseDouble(matcher.group(2)));
    } catch (NumberFormatException e) {
      throw malformed(field, pair, e);
    } catch (InputException e) {
      throw new InputException(field + ": '" + pair.strip() + "': " + e.getMessage(), e);
    }
  }

  private static InputException malformed(String field, String pair, Throwable cause) {
    return new InputException(
        field
            + " must be EPOCH:FACTOR pairs separated by commas, such as 80:0.1,120:0.1, but has '"
            + pair.strip()
            + "'",
        cause);
  }

  /** Returns an immutable copy; the epochs must be strictly increasing. */
  static List<Milestone> increasing(String field, List<Milestone> milestones) {
    Check.required(field, milestones).forEach(milestone -> Check.required(field, milestone));
    for (int i = 1; i < milestones.size(); i++) {
      long previous = milestones.get(i - 1).epoch;
      long next = milestones.get(i).epoch;
      if (next <= previous) {
        throw new InputException(
            field + " must have strictly increasing epochs, but " + next + " follows " + previous);
      }
    }
    return List.copyOf(milestones);
  }

  /** Multiplies the rate by the factors of all milestones up to and including an epoch. */
  static double decay(double lr, List<Milestone> milestones, long epoch) {
    double decayed = lr;
    for (Milestone milestone : milestones) {
      if (epoch < milestone.epoch) {
        break;
      }
      decayed *= milestone.factor;
    }
    return decayed;
  }
}
