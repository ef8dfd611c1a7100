package org.noisylr.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.noisylr.check.InputException;

/**
 * Measurements as CSV: a line for each, with a column for each round and blanks between the
 * iterations of a round.
 */
final class ResultsCsv {
  private static final List<String> COLUMNS = List.of("benchmark", "parameters", "metric", "unit");

  private ResultsCsv() {}

  /** Returns the lines of the file: a header and all measurements. */
  static String format(List<Measurement> measurements) {
    int rounds = measurements.stream().mapToInt(m -> m.rounds().size()).max().orElse(0);
    List<String> header = new ArrayList<>(COLUMNS);
    for (int round = 1; round <= rounds; round++) {
      header.add("round_" + round);
    }
    StringBuilder text = new StringBuilder(line(header));
    for (Measurement m : measurements) {
      List<String> fields =
          new ArrayList<>(List.of(m.benchmark(), m.parameters(), m.metric(), m.unit()));
      for (double[] round : m.rounds()) {
        fields.add(String.join(" ", Arrays.stream(round).mapToObj(Double::toString).toList()));
      }
      text.append(line(fields));
    }
    return text.toString();
  }

  private static String line(List<String> fields) {
    return CSVFormat.DEFAULT.format(fields.toArray()) + "\n";
  }

  /**
   * Reads what {@link #format} returns.
   *
   * @throws InputException if a line of the file has other columns or a round is not a list of
   *     numbers
   */
  static List<Measurement> read(Path file) throws IOException {
    List<Measurement> measurements = new ArrayList<>();
    try (CSVParser parser = CSVParser.parse(file, StandardCharsets.UTF_8, CSVFormat.DEFAULT)) {
      for (CSVRecord line : parser) {
        List<String> fields = line.toList();
        boolean header = line.getRecordNumber() == 1;
        if (fields.size() <= COLUMNS.size()
            || header && !fields.subList(0, COLUMNS.size()).equals(COLUMNS)) {
          throw new InputException(
              "%s, line %d must have the columns %s and one for each round"
                  .formatted(file, line.getRecordNumber(), String.join(", ", COLUMNS)));
        }
        if (!header) {
          measurements.add(measurement(file, line.getRecordNumber(), fields));
        }
      }
    }
    return measurements;
  }

  private static Measurement measurement(Path file, long line, List<String> fields) {
    try {
      List<double[]> rounds =
          fields.subList(COLUMNS.size(), fields.size()).stream()
              .map(round -> Arrays.stream(round.split(" ")).mapToDouble(Double::parseDouble))
              .map(DoubleStream::toArray)
              .toList();
      return new Measurement(fields.get(0), fields.get(1), fields.get(2), fields.get(3), rounds);
    } catch (NumberFormatException e) {
      throw new InputException(
          "%s, line %d: a round must be numbers separated by blanks: %s"
              .formatted(file, line, e.getMessage()),
          e);
    }
  }
}
