package org.noisylr.train.run;

import org.noisylr.check.Check;
import org.noisylr.train.loop.TrainingConfig;

/**
 * The complete configuration of a training run.
 *
 * @param data the name or path of the dataset
 * @param subset the number of training examples to use, in stored order; null for all
 * @param testSubset the number of test examples to use, in stored order; null for all
 * @param model the model
 * @param backbone the path of a safetensors file with initial weights, see {@link
 *     org.noisylr.torch.model.DeepLabV3#loadBackbone}; null for none
 * @param device the name of one device: {@code cpu}, {@code cuda:0}, …
 * @param threads the number of CPU threads for LibTorch's operations, in [1, 1024]; results on a
 *     CPU depend on it (rounding)
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
  /** Many times the cores of a machine; ten thousand threads can crash LibTorch. */
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
