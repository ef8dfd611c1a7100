package org.noisylr.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;

/** Runs with given scores, for tests of what is made from finished runs. */
public final class FinishedRun {
  private static final int EPOCHS = 3;

  private FinishedRun() {}

  /**
   * Writes the files of a run of three epochs.
   *
   * @param best score after the second epoch; after the others it is 0.02 lower
   */
  public static void write(Path folder, double best) throws IOException {
    Files.createDirectories(folder);
    List<EpochMetrics> metrics =
        IntStream.range(0, EPOCHS)
            .mapToObj(
                e ->
                    new EpochMetrics(
                        e,
                        e,
                        0.1,
                        1,
                        0.1,
                        1,
                        0.9,
                        1,
                        e == EPOCHS - 2 ? best : best - 0.02,
                        null,
                        null))
            .toList();
    Files.writeString(folder.resolve("metrics.csv"), MetricsCsv.format(metrics));
    Files.writeString(
        folder.resolve("result.json"),
        """
        {"metric": "accuracy", "best_test_acc": %s, "best_epoch": %d, "last_test_acc": %s,
         "last_train_acc": 0.9, "epochs": %d, "parameters": 10}
        """
            .formatted(best, EPOCHS - 2, best - 0.02, EPOCHS));
  }
}
