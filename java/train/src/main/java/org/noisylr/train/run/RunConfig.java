package org.noisylr.train.run;

import java.nio.file.Path;
import java.util.Objects;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;

/**
 * The complete configuration of a training run.
 *
 * @param data the name or path of the dataset
 * @param resize the width and height that images are resized to, see {@link
 *     org.noisylr.train.data.format.ImageFolder}; null to keep their size
 * @param subset the number of training examples to use, in stored order; null for all
 * @param testSubset the number of test examples to use, in stored order; null for all
 * @param model the model; a {@link ScriptFile} without backbone and capture
 * @param backbone the path of a safetensors file with initial weights, see {@link
 *     org.noisylr.torch.model.DeepLabV3#loadBackbone}; null for none
 * @param device the name of one device: {@code cpu}, {@code cuda:0}, …
 * @param threads the number of CPU threads for LibTorch's operations in a process, in [1, 1024];
 *     results on a CPU depend on it (rounding)
 * @param processes the number of processes that train together, in [1, 1024]; results depend on it
 *     (rounding, statistics of BatchNorm, draws of dropout)
 * @param capture whether training steps are captured in a CUDA graph and replayed, on a CUDA device
 *     and with a fused optimizer only; results differ by rounding
 * @param training the settings of the training loop
 * @param selection how the best epoch is chosen; null for {@link Selection#BY_TEST}
 */
public record RunConfig(
    String data,
    Integer resize,
    Integer subset,
    Integer testSubset,
    ModelSpec model,
    String backbone,
    String device,
    int threads,
    int processes,
    boolean capture,
    TrainingConfig training,
    Selection selection) {
  /** Many times the cores of a machine; ten thousand threads can crash LibTorch. */
  private static final long MAX_THREADS = 1024;

  private static final long MAX_PROCESSES = 1024;

  /** Validates the values. */
  public RunConfig {
    Check.required("data", data);
    ImageDataset.checkResize(resize);
    Check.required("model", model);
    Check.required("device", device);
    Check.within("threads", (long) threads, 1, MAX_THREADS);
    Check.within("processes", (long) processes, 1, MAX_PROCESSES);
    Check.required("training", training);
    selection = Objects.requireNonNullElse(selection, Selection.BY_TEST);
    if (capture) {
      UpdateOptions update = training.update();
      if (update.accumulate() > 1 || update.clipNorm() != null) {
        throw InputException.of("capture", "requires no accumulation and no clipping of gradients");
      }
      if (model instanceof ScriptFile) {
        throw InputException.of("capture", "requires a built-in model, but the model is " + model);
      }
      OptimizerSpec optimizer = training.optimizer();
      if (!device.startsWith("cuda")) {
        throw InputException.of("capture", "requires a CUDA device, but the device is " + device);
      }
      if (optimizer.kind().isL4() || optimizer.implementation() != Implementation.FUSED) {
        throw InputException.of(
            "capture",
            "requires a fused optimizer, but the optimizer is %s (%s)"
                .formatted(optimizer.kind(), optimizer.implementation()));
      }
    }
  }

  /** Returns this configuration with another device. */
  public RunConfig withDevice(String name) {
    return with(data, name, processes, training);
  }

  /** Returns this configuration with another number of processes. */
  public RunConfig withProcesses(int number) {
    return with(data, device, number, training);
  }

  /** Returns this configuration with what may change on resume: that of another one. */
  RunConfig withPlaceOf(RunConfig other) {
    return with(other.data, device, other.processes, training);
  }

  /** Returns this configuration with the epochs, schedule and noise window of another one. */
  RunConfig withLengthOf(RunConfig other) {
    return with(data, device, processes, training.withLengthOf(other.training));
  }

  /**
   * Returns the error that this configuration is not another one.
   *
   * @param directory of the run with this configuration
   */
  InputException differsFrom(RunConfig given, Path directory) {
    return new InputException(
        "%s holds a run with another configuration: %s"
            .formatted(
                directory, RunFormat.difference(RunFormat.toYaml(this), RunFormat.toYaml(given))));
  }

  /**
   * Returns whether this configuration is another one with more epochs.
   *
   * @param shorter YAML
   */
  boolean isExtensionOf(String shorter) {
    try {
      RunConfig other = RunFormat.fromYaml(shorter);
      return other.training.epochs() < training.epochs()
          && other.withPlaceOf(this).equals(withLengthOf(other));
    } catch (InputException e) {
      return false;
    }
  }

  private RunConfig with(
      String otherData, String otherDevice, int otherProcesses, TrainingConfig otherTraining) {
    return new RunConfig(
        otherData,
        resize,
        subset,
        testSubset,
        model,
        backbone,
        otherDevice,
        threads,
        otherProcesses,
        capture,
        otherTraining,
        selection);
  }
}
