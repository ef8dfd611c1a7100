package org.noisylr.train.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Examples;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.metric.EpochMetrics;

/** A trainer of a small network on 300 images, for the tests of this package. */
final class TrainerFixture {
  static final int STEPS_PER_EPOCH = 5;
  static final NoiseSpec NOISE = NoiseSpec.uniform(8).fromEpoch(1).seed(3);

  private static final Dataset DATA = Datasets.open("fashion-mnist-mini");
  private static final Device CPU = new Device("cpu");

  private TrainerFixture() {}

  static TestConfig settings(OptimizerSpec.Kind kind, double lr, int epochs) {
    return new TestConfig()
        .optimizer(kind)
        .lr(lr)
        .noise(NOISE)
        .epochs(epochs)
        .augmentation(new Augmentation(2, true, 1));
  }

  static TrainingConfig config(OptimizerSpec.Kind kind, double lr, int epochs) {
    return settings(kind, lr, epochs).training();
  }

  static <T> T withTrainer(TrainingConfig config, BiFunction<Trainer, Cnn28, T> use) {
    return withTrainer(config, 300, UnaryOperator.identity(), use);
  }

  /**
   * Passes a fresh trainer and its model to a function.
   *
   * @param images the number of training images
   * @param wrapper changes what the trainer sees of them
   */
  static <T> T withTrainer(
      TrainingConfig config,
      int images,
      UnaryOperator<Examples> wrapper,
      BiFunction<Trainer, Cnn28, T> use) {
    Trainer.seedWeights(config.seed());
    try (Cnn28 model = new Cnn28(1, 10);
        Dataset.OnDevice data = DATA.subset(images, 200).on(CPU, config.augmentation());
        Trainer trainer =
            new Trainer(
                model,
                config,
                new Dataset.OnDevice(wrapper.apply(data.train()), data.test()),
                CPU,
                false)) {
      return use.apply(trainer, model);
    }
  }

  /** Trains all epochs. */
  static List<EpochMetrics> run(TrainingConfig config) {
    return withTrainer(config, (trainer, model) -> run(trainer, config.epochs()));
  }

  /** Trains to the end of the last epoch. */
  static List<EpochMetrics> run(Trainer trainer, int epochs) {
    List<EpochMetrics> metrics = new ArrayList<>();
    while (trainer.nextEpoch() < epochs) {
      metrics.add(trainer.runEpoch(List.of()));
    }
    return metrics;
  }

  static Map<String, Tensor> copy(Map<String, Tensor> state) {
    Map<String, Tensor> copy = new HashMap<>();
    state.forEach((name, tensor) -> copy.put(name, tensor.clone()));
    return copy;
  }

  /** Trains an epoch, and the second and third one on another trainer that it is restored to. */
  static List<EpochMetrics> runFromSavedEpoch(TrainingConfig config) {
    Map<String, Tensor> saved =
        withTrainer(
            config,
            (trainer, model) -> {
              trainer.runEpoch(List.of());
              return copy(trainer.state());
            });
    return withTrainer(
        config,
        (trainer, model) -> {
          trainer.restore(saved, 1, 0);
          return run(trainer, 3);
        });
  }
}
