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

/** The text form of a run's metrics: a header, then one row an epoch. */
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

  /** Writes numbers in their shortest form that reads back to the same double. */
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
   * Reads what {@link #format} wrote.
   *
   * @throws InputException if {@code text} is something else
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
      throw new InputException("the metrics are not those of a run: " + e.getMessage(), e);
    }
    return metrics;
  }
}
