package org.noisylr.train.run;

import org.noisylr.check.Check;
import org.noisylr.train.loop.TrainingConfig;

/**
 * A training run, complete: what is trained, on what, where and how.
 *
 * @param data name or path of the data
 * @param subset the number of training images used, the first ones; null for all
 * @param model the model
 * @param device {@code cpu}, {@code cuda:0}, …: a device's own name
 * @param threads CPU threads of LibTorch's operations, at least 1; on a CPU, they are part of what
 *     makes two runs equal bit for bit
 * @param training the settings of the training loop
 */
public record RunConfig(
    String data,
    Integer subset,
    ModelName model,
    String device,
    int threads,
    TrainingConfig training) {
  /** Validates the values. */
  public RunConfig {
    Check.atLeast("threads", threads, 1);
  }
}
