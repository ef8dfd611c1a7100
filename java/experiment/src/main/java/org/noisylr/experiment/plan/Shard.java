package org.noisylr.experiment.plan;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * One of several parts of the runs, so that several machines can share them.
 *
 * @param index from 1 to {@code count}
 * @param count number of parts, at least 1
 */
public record Shard(int index, int count) {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  /** Validates the values. */
  public Shard {
    Check.atLeast("--shard: number of parts", count, 1);
    Check.within("--shard: part", (long) index, 1, count);
  }

  /**
   * Reads {@code 2/8}.
   *
   * @throws InputException if the text is something else
   */
  public static Shard parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw Check.invalid("--shard", text, "PART/PARTS, 2/8 for instance");
    }
    return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** Returns every {@code count}-th element, from the {@code index}-th on. */
  public <T> List<T> of(List<T> all) {
    return IntStream.range(0, all.size())
        .filter(i -> i % count == index - 1)
        .mapToObj(all::get)
        .toList();
  }
}
