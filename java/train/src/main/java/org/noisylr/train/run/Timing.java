package org.noisylr.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.Decimal;
import org.noisylr.train.metric.EpochMetrics;

/**
 * The wall time of each epoch with its evaluation; for a resumed epoch, the time since it was
 * resumed. It is separate from the metrics, which are equal whenever a run is repeated.
 */
public final class Timing implements TrainingListener {
  private static final List<String> HEADER = List.of("epoch", "seconds");
  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT.builder().setRecordSeparator('\n').get();

  private final SortedMap<Integer, Double> seconds = new TreeMap<>();

  Timing() {}

  /** The total of the recorded epochs in seconds. */
  public double total() {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  @Override
  public void onEpoch(EpochMetrics metrics, double time) {
    seconds.put(metrics.epoch(), time);
  }

  /** The times of the first epochs. */
  Timing first(int epochs) {
    Timing result = new Timing();
    result.seconds.putAll(seconds.headMap(epochs));
    return result;
  }

  String toCsv() {
    StringBuilder text = new StringBuilder();
    try (CSVPrinter printer = new CSVPrinter(text, FORMAT)) {
      printer.printRecord(HEADER);
      for (Map.Entry<Integer, Double> epoch : seconds.entrySet()) {
        printer.printRecord(epoch.getKey(), Decimal.shortest(epoch.getValue()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /**
   * Parses the output of {@link #toCsv}.
   *
   * @throws InputException if {@code text} has another form
   */
  static Timing parse(String text) {
    Timing timing = new Timing();
    try (CSVParser parser = CSVParser.parse(text, FORMAT)) {
      Iterator<CSVRecord> rows = parser.iterator();
      if (!rows.hasNext() || !rows.next().toList().equals(HEADER)) {
        throw new InputException("not a run's timing: it must have the header " + HEADER);
      }
      while (rows.hasNext()) {
        CSVRecord row = rows.next();
        timing.seconds.put(Integer.parseInt(row.get(0)), Double.parseDouble(row.get(1)));
      }
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      if (e instanceof InputException input) {
        throw input;
      }
      throw new InputException("not a run's timing: " + Reason.firstLine(e), e);
    } catch (ArrayIndexOutOfBoundsException e) {
      throw new InputException("not a run's timing: a row has one column", e);
    }
    return timing;
  }
}
