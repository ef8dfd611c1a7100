package org.noisylr.train.metric;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.noisylr.check.InputException;

/**
 * Tables of numbers as CSV: a header, then one row per line.
 *
 * @param name the table's name in errors, such as {@code a run's metrics}
 * @param header the names of the columns
 */
public record NumbersCsv(String name, List<String> header) {
  /** Writes each double in the shortest form that parses to the same double. */
  public String format(Stream<List<? extends Number>> rows) {
    return Stream.concat(Stream.of(header), rows.map(row -> row.stream().map(this::text).toList()))
        .map(row -> String.join(",", row) + "\n")
        .collect(Collectors.joining());
  }

  private String text(Number number) {
    return number instanceof Double value ? Decimal.shortest(value) : number.toString();
  }

  /**
   * Parses the output of {@link #format}.
   *
   * @param parser parses the cells of a row
   * @throws InputException if the text has another form; the message starts with {@code not}
   */
  public <T> List<T> parse(String text, Function<List<String>, T> parser) {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.get(0).equals(String.join(",", header))) {
      throw error("it must have the header " + String.join(",", header));
    }
    return lines.stream()
        .skip(1)
        .map(
            line -> {
              List<String> cells = List.of(line.split(",", -1));
              if (cells.size() != header.size()) {
                throw error("a row must have %d cells, but is %s".formatted(header.size(), line));
              }
              try {
                return parser.apply(cells);
              } catch (NumberFormatException e) {
                throw error("a row must have numbers, but is " + line);
              }
            })
        .toList();
  }

  private InputException error(String reason) {
    return new InputException("not " + name + ": " + reason);
  }
}
