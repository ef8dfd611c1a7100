package org.noisylr.train.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.noisylr.check.InputException;

/** The metrics of a run as CSV: a header, then one row per epoch. */
public final class MetricsCsv {
  private static final List<String> COLUMNS =
      List.of(
          "epoch",
          "step",
          "base_lr",
          "factor",
          "lr",
          "train_loss",
          "train_acc",
          "test_loss",
          "test_acc");
  private static final List<String> VALIDATION = List.of("validation_loss", "validation_acc");

  private static final NumbersCsv CSV = new NumbersCsv("a run's metrics", COLUMNS);
  private static final NumbersCsv WITH_VALIDATION =
      new NumbersCsv(
          "a run's metrics", Stream.concat(COLUMNS.stream(), VALIDATION.stream()).toList());

  private MetricsCsv() {}

  /**
   * Writes each number in the shortest form that parses to the same double. Runs without validation
   * examples do not have the columns of these.
   */
  public static String format(List<EpochMetrics> metrics) {
    boolean validates = metrics.stream().anyMatch(m -> m.validationAcc() != null);
    return (validates ? WITH_VALIDATION : CSV)
        .format(
            metrics.stream()
                .map(
                    m -> {
                      List<Number> row =
                          new ArrayList<>(
                              List.of(
                                  m.epoch(),
                                  m.step(),
                                  m.baseLr(),
                                  m.factor(),
                                  m.lr(),
                                  m.trainLoss(),
                                  m.trainAcc(),
                                  m.testLoss(),
                                  m.testAcc()));
                      if (validates) {
                        row.add(m.validationLoss());
                        row.add(m.validationAcc());
                      }
                      return row;
                    }));
  }

  /**
   * Parses the output of {@link #format}.
   *
   * @throws InputException if {@code text} has another form
   */
  public static List<EpochMetrics> parse(String text) {
    boolean validates = text.startsWith(String.join(",", WITH_VALIDATION.header()));
    return (validates ? WITH_VALIDATION : CSV)
        .parse(
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
                    Double.parseDouble(row.get(8)),
                    validates ? Double.valueOf(row.get(9)) : null,
                    validates ? Double.valueOf(row.get(10)) : null));
  }
}
