package org.noisylr.train.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.InputException;
import org.noisylr.torch.model.ImageModel;
import org.noisylr.train.data.DeviceImages;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.Normalization;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/**
 * Carries out a {@link RunConfig}, with the process set up by {@link Cpu#configure}.
 *
 * @param metrics one entry an epoch
 * @param result the summary
 */
public record Run(List<EpochMetrics> metrics, RunResult result) {

  /** Trains without writing anything. */
  public static Run execute(RunConfig config, ImageDataset data, List<TrainingListener> listeners) {
    return train(config, data, null, listeners);
  }

  /**
   * Trains with metrics, result and a checkpoint an epoch in {@code directory}.
   *
   * @param resume whether the directory may hold this run already; it then goes on from its newest
   *     sound checkpoint
   * @throws InputException if model and data do not fit, or the directory does not serve
   */
  public static Run execute(
      RunConfig config,
      ImageDataset data,
      Path directory,
      boolean resume,
      List<TrainingListener> listeners) {
    checkFit(config, data);
    return train(config, data, RunDirectory.open(directory, config, resume), listeners);
  }

  private static void checkFit(RunConfig config, ImageDataset data) {
    config
        .model()
        .checkImages(
            data.name(), data.train().channels(), data.train().height(), data.train().width());
  }

  private static Run train(
      RunConfig config,
      ImageDataset data,
      RunDirectory directory,
      List<TrainingListener> listeners) {
    checkFit(config, data);
    Cpu.configure(config.threads());
    ImageDataset used = config.subset() == null ? data : data.subset(config.subset());
    try (PointerScope scope = new PointerScope()) {
      Device device = Devices.of(config.device());
      Trainer.seedWeights(config.training().seed());
      try (ImageModel model = config.model().create(used.classNames().size());
          DeviceImages training = new DeviceImages(used.train(), device);
          DeviceImages test = new DeviceImages(used.test(), device);
          Normalization normalization = new Normalization(used.train(), device)) {
        model.to(device, false);
        try (Trainer trainer =
            new Trainer(model, config.training(), training, test, normalization, device)) {
          List<EpochMetrics> metrics =
              directory == null ? new ArrayList<>() : directory.restore(trainer);
          while (trainer.nextEpoch() < config.training().epochs()) {
            metrics.add(trainer.runEpoch(listeners));
            if (directory != null) {
              directory.save(trainer, metrics);
            }
          }
          RunResult result = RunResult.of(metrics, model.parameterCount());
          if (directory != null) {
            directory.saveResult(result);
          }
          return new Run(List.copyOf(metrics), result);
        }
      }
    }
  }
}
