package org.noisylr.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * Wall time of each epoch, evaluation included; of an epoch that was stopped in between, since it
 * went on. It is kept apart from the metrics, which are the same whenever a run is repeated.
 */
public final class Timing implements TrainingListener {
  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT.builder().setHeader("epoch", "seconds").setRecordSeparator('\n').get();

  private final SortedMap<Integer, Double> seconds = new TreeMap<>();

  Timing() {}

  /** Seconds of all epochs together of which the time is known. */
  public double total() {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  @Override
  public void onEpoch(EpochMetrics metrics, double time) {
    seconds.put(metrics.epoch(), time);
  }

  Timing until(int epochs) {
    Timing first = new Timing();
    first.seconds.putAll(seconds.headMap(epochs));
    return first;
  }

  String toCsv() {
    StringBuilder text = new StringBuilder();
    try (CSVPrinter printer = new CSVPrinter(text, FORMAT)) {
      for (Map.Entry<Integer, Double> epoch : seconds.entrySet()) {
        printer.printRecord(epoch.getKey(), Decimal.shortest(epoch.getValue()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /**
   * Reads a file; without one, no time is known.
   *
   * @throws InputException if it cannot be read or holds something else
   */
  static Timing read(Path file) {
    Timing timing = new Timing();
    if (!Files.exists(file)) {
      return timing;
    }
    try (CSVParser parser =
        CSVParser.parse(Files.readString(file), FORMAT.builder().setSkipHeaderRecord(true).get())) {
      for (CSVRecord row : parser) {
        timing.seconds.put(
            Integer.parseInt(row.get("epoch")), Double.parseDouble(row.get("seconds")));
      }
    } catch (IOException e) {
      throw new InputException("cannot read " + file + ": " + Reason.of(e, file), e);
    } catch (IllegalArgumentException | UncheckedIOException e) {
      throw new InputException(
          file + " does not hold epochs and seconds; delete it, nothing else depends on it", e);
    }
    return timing;
  }
}
