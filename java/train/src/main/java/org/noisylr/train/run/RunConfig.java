package org.noisylr.train.run;

import org.noisylr.check.Check;
import org.noisylr.train.loop.TrainingConfig;

/**
 * A training run, complete: what is trained, on what, where and how.
 *
 * @param data name or path of the data
 * @param subset the number of training examples used, the first ones; null for all
 * @param testSubset the number of test examples used, the first ones; null for all
 * @param model the model
 * @param backbone the path of a safetensors file of weights to start from, see {@link
 *     org.noisylr.torch.model.DeepLabV3#loadBackbone}; null for none
 * @param device {@code cpu}, {@code cuda:0}, …: a device's own name
 * @param threads CPU threads of LibTorch's operations, in [1, 1024]; on a CPU, they are part of
 *     what makes two runs equal bit for bit
 * @param training the settings of the training loop
 */
public record RunConfig(
    String data,
    Integer subset,
    Integer testSubset,
    ModelName model,
    String backbone,
    String device,
    int threads,
    TrainingConfig training) {
  /** Many times what a machine has; some ten thousand would crash LibTorch. */
  private static final long MAX_THREADS = 1024;

  /** Validates the values. */
  public RunConfig {
    Check.required("data", data);
    Check.required("model", model);
    Check.required("device", device);
    Check.within("threads", (long) threads, 1, MAX_THREADS);
    Check.required("training", training);
  }
}
