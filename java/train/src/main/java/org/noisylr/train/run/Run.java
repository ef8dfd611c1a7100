package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.model.DeepLabV3;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.optim.CapturedStep;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.DataDigest;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.Preprocessing;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/**
 * A finished run. Its static methods train and check runs.
 *
 * @param metrics one entry per epoch
 * @param result the summary
 * @param timing wall times of the epochs, which differ from run to run
 */
public record Run(List<EpochMetrics> metrics, RunResult result, Timing timing) {
  /**
   * Trains without writing files. Sets the process up with {@link Cpu#configure}.
   *
   * @throws InputException if configuration and data do not match
   */
  public static Run execute(RunConfig config, Dataset data, List<TrainingListener> listeners) {
    check(config, data, null);
    return train(config, config.model(), data, null, listeners, new StopSignal(), null);
  }

  /**
   * Trains, and writes metrics, result and a checkpoint per epoch to {@code directory}. Sets the
   * process up with {@link Cpu#configure}.
   *
   * @param resume whether the directory may already hold this run; it then resumes from its newest
   *     good checkpoint or, if finished, is returned unchanged
   * @param stop saves the progress and ends the run
   * @throws InputException if configuration and data do not match, or the directory cannot be used
   * @throws StoppedException if the run was stopped
   * @throws java.io.UncheckedIOException if writing to the directory fails during the run; files
   *     that were saved before stay
   */
  public static Run execute(
      RunConfig config,
      Dataset data,
      Path directory,
      boolean resume,
      List<TrainingListener> listeners,
      StopSignal stop) {
    check(config, data, directory);
    try (RunDirectory run = RunDirectory.open(directory, config, examples(config, data), resume)) {
      Optional<Run> finished = RunDirectory.readFinished(directory);
      return finished.isPresent()
          ? finished.get()
          : train(config, model(config, directory), data, run, listeners, stop, null);
    }
  }

  /**
   * Trains as one rank of a group. All ranks have the same configuration, up to the number of a
   * CUDA device, and the same data. Only rank 0 uses the directory.
   *
   * @param directory where the run is saved; null to write no files
   * @param listeners called on rank 0 only
   * @param group used, not owned
   * @return the run on rank 0; empty on the other ranks
   * @throws InputException on all ranks, for the reasons of {@link #execute(RunConfig, Dataset,
   *     Path, boolean, List, StopSignal)} or because the ranks differ
   * @throws StoppedException on all ranks, if the run was stopped on any
   * @throws org.noisylr.torch.distributed.RankFailedException if another rank failed
   */
  public static Optional<Run> execute(
      RunConfig config,
      Dataset data,
      Path directory,
      boolean resume,
      List<TrainingListener> listeners,
      StopSignal stop,
      Communicator group) {
    Agreement.on(group, () -> checkForGroup(config, data, directory, group.size()));
    Agreement.checkSame(group, config, data);
    boolean saves = group.rank() == 0 && directory != null;
    try (RunDirectory run =
        Agreement.on(
            group,
            () ->
                saves
                    ? RunDirectory.open(directory, config, examples(config, data), resume)
                    : null)) {
      Optional<Run> finished =
          Agreement.on(
              group, () -> saves ? RunDirectory.readFinished(directory) : Optional.<Run>empty());
      if (!group.gather(finished.isPresent() ? "finished" : "").get(0).isEmpty()) {
        return finished;
      }
      Run trained =
          train(
              config,
              model(config, directory),
              data,
              run,
              group.rank() == 0 ? listeners : List.of(),
              stop,
              group);
      return group.rank() == 0 ? Optional.of(trained) : Optional.empty();
    }
  }

  private static Void checkForGroup(RunConfig config, Dataset data, Path directory, int ranks) {
    check(config, data, directory);
    if (config.capture()) {
      throw InputException.of("capture", "requires a single process, but there are " + ranks);
    }
    if (config.training().optimizer().kind().isL4()) {
      throw InputException.of(
          "optimizer",
          "must not be %s with %d processes"
              .formatted(config.training().optimizer().kind(), ranks));
    }
    int batch = config.training().batchSize();
    Check.atLeast("batch size", batch, ranks);
    model(config, directory)
        .checkBatches(data, parts(config, data).dataset().trainCount(), batch, ranks);
    return null;
  }

  /** Returns the examples of a dataset that a run uses. */
  public static Dataset subset(RunConfig config, Dataset data) {
    return config.subset() == null && config.testSubset() == null
        ? data
        : data.subset(
            Objects.requireNonNullElse(config.subset(), data.trainCount()),
            Objects.requireNonNullElse(config.testSubset(), data.testCount()));
  }

  /** Returns these examples, with those that are held out for validation apart. */
  public static Dataset.Split parts(RunConfig config, Dataset data) {
    return subset(config, data).holdOut(config.selection().validation());
  }

  private static String examples(RunConfig config, Dataset data) {
    return DataDigest.of(subset(config, data));
  }

  private static Dataset.OnDevice onDevice(Dataset.Split parts, Device device, RunConfig config) {
    Dataset.OnDevice examples = parts.dataset().on(device, config.training().augmentation());
    return parts.validation() == null
        ? examples
        : new Dataset.OnDevice(
            examples.train(),
            examples.test(),
            parts.validation().testOn(device, parts.dataset().preprocessing()));
  }

  /** Returns the model of a run, from the run's directory if it is stored there. */
  private static ModelSpec model(RunConfig config, Path directory) {
    return directory == null ? config.model() : config.model().in(directory);
  }

  /**
   * Checks that a configuration can be trained on a dataset.
   *
   * @throws InputException if it cannot, for example because of the dataset's kind or image size
   */
  public static void check(RunConfig config, Dataset data) {
    check(config, data, null);
  }

  /**
   * Checks that the run in a directory can be trained on a dataset.
   *
   * @param directory of the run, which may hold the model's own file; null if there is none
   * @throws InputException if it cannot
   */
  public static void check(RunConfig config, Dataset data, Path directory) {
    if (config.capture() && !CapturedStep.isSupported()) {
      throw InputException.of(
          "capture", "requires a build with -Pgpu on a machine with CUDA's headers");
    }
    Integer resized = data instanceof ImageDataset images ? images.resize() : null;
    if (!Objects.equals(config.resize(), resized)) {
      throw InputException.of(
          "resize",
          "must be that of the data, %s, but is %s"
              .formatted(
                  Objects.requireNonNullElse(resized, "none"),
                  Objects.requireNonNullElse(config.resize(), "none")));
    }
    ModelSpec model = model(config, directory);
    model.check(data);
    Dataset used = parts(config, data).dataset();
    model.checkBatches(data, used.trainCount(), config.training().batchSize(), 1);
    used.check(config.training().augmentation());
    if (config.backbone() != null) {
      if (model != ModelName.DEEPLABV3) {
        throw new InputException(
            "model %s has no backbone; only %s has one".formatted(model, ModelName.DEEPLABV3));
      }
      checkBackbone(Path.of(config.backbone()));
    }
  }

  /**
   * Checks that a file holds a backbone for {@link DeepLabV3}, see {@link DeepLabV3#loadBackbone}.
   *
   * @throws InputException if it does not
   */
  public static void checkBackbone(Path file) {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 network = new DeepLabV3(2)) {
      loadBackbone(network, file);
    }
  }

  private static void loadBackbone(DeepLabV3 network, Path file) {
    try (SafeTensors weights = SafeTensors.readForeign(file)) {
      network.loadBackbone(weights.tensors());
    } catch (IOException e) {
      throw new InputException("cannot read backbone " + file + ": " + Reason.of(e, file), e);
    }
  }

  private static Run train(
      RunConfig config,
      ModelSpec spec,
      Dataset data,
      RunDirectory directory,
      List<TrainingListener> listeners,
      StopSignal stop,
      Communicator group) {
    Cpu.configure(config.threads());
    Dataset.Split parts = parts(config, data);
    Dataset used = parts.dataset();
    try (PointerScope scope = new PointerScope()) {
      Device device = Devices.of(config.device());
      Trainer.seedWeights(config.training().seed());
      try (Model model = spec.create(used);
          Dataset.OnDevice examples = onDevice(parts, device, config)) {
        if (config.backbone() != null) {
          loadBackbone((DeepLabV3) model, Path.of(config.backbone()));
        }
        model.to(device, false);
        try (Trainer trainer =
            new Trainer(model, config.training(), examples, device, config.capture(), group)) {
          List<EpochMetrics> metrics = restore(trainer, directory, group);
          Timing timing = directory == null ? new Timing() : directory.timing(metrics.size());
          if (directory != null) {
            directory.saveStart(config);
          }
          listeners.forEach(TrainingListener::onStart);
          Preprocessing inputs = used.preprocessing();
          Function<EpochMetrics, ModelInfo> info =
              best ->
                  new ModelInfo(
                      config.model(),
                      used.classNames(),
                      inputs,
                      best.epoch() + 1,
                      used.metric(),
                      best.testAcc());
          train(config, trainer, directory, metrics, timing, info, listeners, stop);
          RunResult result = RunResult.of(data.metric(), metrics, model.parameterCount());
          if (directory != null) {
            directory.saveResult(result);
          }
          return new Run(List.copyOf(metrics), result, timing);
        }
      }
    }
  }

  private static List<EpochMetrics> restore(
      Trainer trainer, RunDirectory directory, Communicator group) {
    Supplier<List<EpochMetrics>> own =
        () -> directory == null ? new ArrayList<>() : directory.restore(trainer);
    return group == null
        ? own.get()
        : Agreement.shareState(group, trainer, Agreement.on(group, own));
  }

  private static void train(
      RunConfig config,
      Trainer trainer,
      RunDirectory directory,
      List<EpochMetrics> metrics,
      Timing timing,
      Function<EpochMetrics, ModelInfo> info,
      List<TrainingListener> listeners,
      StopSignal stop) {
    List<TrainingListener> all = new ArrayList<>(listeners);
    all.add(timing);
    int epochs = config.training().epochs();
    while (trainer.nextEpoch() < epochs && !config.selection().isOver(metrics)) {
      int before = trainer.stepsDone();
      Optional<EpochMetrics> epoch = trainer.runEpoch(all, stop);
      epoch.ifPresent(metrics::add);
      if (directory != null && (epoch.isPresent() || trainer.stepsDone() > before)) {
        directory.save(trainer, metrics, timing, info);
      }
      if (epoch.isEmpty()) {
        throw new StoppedException(
            trainer.nextEpoch(), epochs, trainer.stepsDone(), trainer.stepsPerEpoch());
      }
    }
  }
}
