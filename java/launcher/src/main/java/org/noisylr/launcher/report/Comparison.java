package org.noisylr.launcher.report;

import java.util.List;
import org.noisylr.train.run.Run;

/**
 * One schedule without and with noise, seed by seed.
 *
 * @param name the schedule's name
 * @param plain runs without noise, one a seed
 * @param noisy runs with noise, with the same seeds in the same order
 */
public record Comparison(String name, List<Run> plain, List<Run> noisy) {
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
    double[] differences = new double[plain.size()];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = noisy.get(i).result().bestTestAcc() - plain.get(i).result().bestTestAcc();
    }
    return Sample.of(differences);
  }
}
