package org.noisylr.experiment.statistics;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunResult;

/**
 * One schedule without and with noise, seed by seed.
 *
 * @param name what is compared
 * @param plainName what the first runs are called
 * @param noisyName what the second runs are called
 * @param plain runs without noise, one a seed
 * @param noisy runs with noise, with the same seeds in the same order
 */
public record Comparison(
    String name, String plainName, String noisyName, List<Run> plain, List<Run> noisy) {
  /** A schedule without and with noise. */
  public Comparison(String name, List<Run> plain, List<Run> noisy) {
    this(name, "plain", "with noise", plain, noisy);
  }

  /** Copies the lists. */
  public Comparison {
    plain = List.copyOf(plain);
    noisy = List.copyOf(noisy);
  }

  /** Best test accuracy of the plain runs. */
  public Sample plainAccuracy() {
    return Sample.of(plain.stream().mapToDouble(r -> r.result().bestTestAcc()).toArray());
  }

  /** Best test accuracy of the noisy runs. */
  public Sample noisyAccuracy() {
    return Sample.of(noisy.stream().mapToDouble(r -> r.result().bestTestAcc()).toArray());
  }

  /** Noisy less plain best test accuracy, seed by seed. */
  public Sample difference() {
    return Sample.of(differences(RunResult::bestTestAcc));
  }

  /** Noisy less plain {@code value}, seed by seed. */
  public double[] differences(ToDoubleFunction<RunResult> value) {
    return IntStream.range(0, plain.size())
        .mapToDouble(
            i ->
                value.applyAsDouble(noisy.get(i).result())
                    - value.applyAsDouble(plain.get(i).result()))
        .toArray();
  }
}
