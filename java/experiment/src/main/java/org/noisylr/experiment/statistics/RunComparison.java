package org.noisylr.experiment.statistics;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunResult;

/**
 * The runs of two cells, usually without and with noise, paired by their seeds.
 *
 * @param name what is compared
 * @param plainName name of the first runs
 * @param noisyName name of the second runs
 * @param plain runs of the first cell, one a seed
 * @param noisy runs of the second cell, with the same seeds in the same order
 */
public record RunComparison(
    String name, String plainName, String noisyName, List<Run> plain, List<Run> noisy) {
  /** Copies the lists. */
  public RunComparison {
    plain = List.copyOf(plain);
    noisy = List.copyOf(noisy);
  }

  /** Returns the runs of both. */
  public List<Run> all() {
    return Stream.concat(plain.stream(), noisy.stream()).toList();
  }

  /** Compares runs that are called "plain" and "with noise". */
  public RunComparison(String name, List<Run> plain, List<Run> noisy) {
    this(name, "plain", "with noise", plain, noisy);
  }

  /** Returns the best test accuracy of the plain runs. */
  public Sample plainAccuracy() {
    return Sample.of(plain, RunResult::bestTestAcc);
  }

  /** Returns the best test accuracy of the noisy runs. */
  public Sample noisyAccuracy() {
    return Sample.of(noisy, RunResult::bestTestAcc);
  }

  /** Returns the paired difference of a value; there must be at least one seed. */
  public PairedDifference difference(ToDoubleFunction<RunResult> value) {
    return PairedDifference.of(differences(value));
  }

  /** Returns a value of the noisy run minus that of the plain run, for each seed. */
  private double[] differences(ToDoubleFunction<RunResult> value) {
    return IntStream.range(0, plain.size())
        .mapToDouble(
            i ->
                value.applyAsDouble(noisy.get(i).result())
                    - value.applyAsDouble(plain.get(i).result()))
        .toArray();
  }
}
