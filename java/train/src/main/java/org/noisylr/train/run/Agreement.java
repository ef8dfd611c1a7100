package org.noisylr.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.noisylr.check.InputException;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.DataDigest;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;

/** What the ranks of a group agree on before they train. All of them call each method. */
public final class Agreement {
  private static final String EPOCHS = "epochs_done";
  private static final String STEPS = "steps_done";
  private static final String METRICS = "metrics";

  private Agreement() {}

  /**
   * Computes a value on every rank.
   *
   * @return this rank's value
   * @throws AgreedInputException on all ranks, if an InputException is thrown on any: the error of
   *     the first such rank
   */
  public static <T> T on(Communicator group, Supplier<T> value) {
    T own = null;
    String error = "";
    try {
      own = value.get();
    } catch (InputException e) {
      error = e.getMessage();
    }
    List<String> errors = group.gather(error);
    for (int rank = 0; rank < group.size(); rank++) {
      if (!errors.get(rank).isEmpty()) {
        throw new AgreedInputException((rank == 0 ? "" : "rank " + rank + ": ") + errors.get(rank));
      }
    }
    return own;
  }

  /**
   * Checks that all ranks give the same value.
   *
   * @param field the name of the value in the error
   * @throws AgreedInputException on all ranks, if they do not
   */
  public static void checkSame(Communicator group, Object value, String field) {
    List<String> values = group.gather(value.toString());
    if (values.stream().distinct().count() > 1) {
      throw new AgreedInputException(
          "%s must be the same on all ranks, but is %s".formatted(field, values));
    }
  }

  /**
   * Checks that all ranks have the same configuration, but for the number of a CUDA device, and the
   * same examples.
   *
   * @throws AgreedInputException on all ranks, if they do not
   */
  static void checkSame(Communicator group, RunConfig config, Dataset data) {
    String yaml =
        RunFormat.toYaml(config).replaceAll("(?m)^device: \"?cuda:\\d+\"?$", "device: cuda");
    String digest = DataDigest.of(data);
    List<String> yamls = group.gather(yaml);
    List<String> digests = group.gather(digest);
    for (int rank = 1; rank < group.size(); rank++) {
      String difference =
          RunFormat.difference(
              yamls.get(0), yamls.get(rank), "%s is %s on rank 0, but %s on rank " + rank);
      if (!difference.isEmpty()) {
        throw new AgreedInputException(
            "all ranks must have the same configuration, but " + difference);
      }
      if (!digests.get(0).equals(digests.get(rank))) {
        throw new AgreedInputException(
            "all ranks must have the same examples in %s, but those of rank %d differ from rank 0's"
                .formatted(data.name(), rank));
      }
    }
  }

  /**
   * Gives all trainers the state of rank 0's.
   *
   * @param metrics of the epochs so far; only rank 0's are read
   * @return rank 0's metrics
   */
  static List<EpochMetrics> shareState(
      Communicator group, Trainer trainer, List<EpochMetrics> metrics) {
    try {
      Path file = Files.createTempFile("noisylr-state", ".safetensors");
      try {
        if (group.rank() == 0) {
          SafeTensors.write(
              file,
              trainer.state(),
              Map.of(
                  EPOCHS,
                  Integer.toString(trainer.nextEpoch()),
                  STEPS,
                  Integer.toString(trainer.stepsDone()),
                  METRICS,
                  MetricsCsv.format(metrics)));
        }
        byte[] state = group.broadcast(group.rank() == 0 ? Files.readAllBytes(file) : null, 0);
        if (group.rank() == 0) {
          return metrics;
        }
        Files.write(file, state);
        try (SafeTensors read = SafeTensors.read(file)) {
          trainer.restore(
              read.tensors(),
              Integer.parseInt(read.metadata().get(EPOCHS)),
              Integer.parseInt(read.metadata().get(STEPS)));
          return new ArrayList<>(MetricsCsv.parse(read.metadata().get(METRICS)));
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot share the state of the run: " + e.getMessage(), e);
    }
  }
}
