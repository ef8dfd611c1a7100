package org.noisylr.train.metric;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** The metrics of a run as CSV: a header, then one row per epoch. */
public final class MetricsCsv {
  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT
          .builder()
          .setHeader(
              "epoch",
              "step",
              "base_lr",
              "factor",
              "lr",
              "train_loss",
              "train_acc",
              "test_loss",
              "test_acc")
          .setSkipHeaderRecord(true)
          .setRecordSeparator('\n')
          .get();

  private MetricsCsv() {}

  /** Writes each number in the shortest form that parses to the same double. */
  public static String format(List<EpochMetrics> metrics) {
    StringBuilder text = new StringBuilder();
    try (CSVPrinter printer =
        new CSVPrinter(text, FORMAT.builder().setSkipHeaderRecord(false).get())) {
      for (EpochMetrics m : metrics) {
        printer.printRecord(
            m.epoch(),
            m.step(),
            Decimal.shortest(m.baseLr()),
            Decimal.shortest(m.factor()),
            Decimal.shortest(m.lr()),
            Decimal.shortest(m.trainLoss()),
            Decimal.shortest(m.trainAcc()),
            Decimal.shortest(m.testLoss()),
            Decimal.shortest(m.testAcc()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /**
   * Parses the output of {@link #format}.
   *
   * @throws InputException if {@code text} has another form
   */
  public static List<EpochMetrics> parse(String text) {
    List<EpochMetrics> metrics = new ArrayList<>();
    try (CSVParser parser = CSVParser.parse(text, FORMAT)) {
      for (CSVRecord row : parser) {
        metrics.add(
            new EpochMetrics(
                Integer.parseInt(row.get("epoch")),
                Long.parseLong(row.get("step")),
                Double.parseDouble(row.get("base_lr")),
                Double.parseDouble(row.get("factor")),
                Double.parseDouble(row.get("lr")),
                Double.parseDouble(row.get("train_loss")),
                Double.parseDouble(row.get("train_acc")),
                Double.parseDouble(row.get("test_loss")),
                Double.parseDouble(row.get("test_acc"))));
      }
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      throw new InputException("not a run's metrics: " + Reason.firstLine(e), e);
    }
    return metrics;
  }
}
