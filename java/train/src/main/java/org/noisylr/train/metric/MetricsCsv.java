package org.noisylr.train.metric;

import java.util.List;
import org.noisylr.check.InputException;

/** The metrics of a run as CSV: a header, then one row per epoch. */
public final class MetricsCsv {
  private static final NumbersCsv CSV =
      new NumbersCsv(
          "a run's metrics",
          List.of(
              "epoch",
              "step",
              "base_lr",
              "factor",
              "lr",
              "train_loss",
              "train_acc",
              "test_loss",
              "test_acc"));

  private MetricsCsv() {}

  /** Writes each number in the shortest form that parses to the same double. */
  public static String format(List<EpochMetrics> metrics) {
    return CSV.format(
        metrics.stream()
            .map(
                m ->
                    List.of(
                        m.epoch(),
                        m.step(),
                        m.baseLr(),
                        m.factor(),
                        m.lr(),
                        m.trainLoss(),
                        m.trainAcc(),
                        m.testLoss(),
                        m.testAcc())));
  }

  /**
   * Parses the output of {@link #format}.
   *
   * @throws InputException if {@code text} has another form
   */
  public static List<EpochMetrics> parse(String text) {
    return CSV.parse(
        text,
        row ->
            new EpochMetrics(
                Integer.parseInt(row.get(0)),
                Long.parseLong(row.get(1)),
                Double.parseDouble(row.get(2)),
                Double.parseDouble(row.get(3)),
                Double.parseDouble(row.get(4)),
                Double.parseDouble(row.get(5)),
                Double.parseDouble(row.get(6)),
                Double.parseDouble(row.get(7)),
                Double.parseDouble(row.get(8))));
  }
}
