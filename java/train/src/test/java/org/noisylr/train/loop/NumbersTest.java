package org.noisylr.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.model.ResNet;
import org.noisylr.torch.model.Vgg16;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ExampleSet;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.metric.EpochMetrics;

/** Values that break arithmetic stop a run, and the message names epoch, step and cause. */
class NumbersTest {
  private static final Device CPU = new Device("cpu");
  private static final ImageDataset GREY = (ImageDataset) Datasets.open("fashion-mnist-mini");
  private static final ImageDataset COLOUR = (ImageDataset) Datasets.open("generated:cifar10");

  private static TrainingConfig config(OptimizerSpec.Kind kind, double lr, int batchSize) {
    return new TestConfig().optimizer(kind).lr(lr).epochs(2).batchSize(batchSize).training();
  }

  private static EpochMetrics firstEpoch(
      TrainingConfig config,
      ImageDataset data,
      BiFunction<Integer, Integer, Model> models,
      int classes,
      Consumer<Map<String, Tensor>> change) {
    Trainer.seedWeights(1);
    try (PointerScope scope = new PointerScope();
        Model model = models.apply(data.train().channels(), classes);
        Dataset.OnDevice examples = data.on(CPU, Augmentation.NONE);
        Trainer trainer = new Trainer(model, config, examples, CPU, false)) {
      try (AutoGradMode noGrad = new AutoGradMode(false)) {
        change.accept(Tensors.state(model));
      }
      return trainer.runEpoch(List.of());
    }
  }

  private static EpochMetrics cnn(
      TrainingConfig config, int examples, Consumer<Map<String, Tensor>> change) {
    return firstEpoch(config, GREY.subset(examples, 50), Cnn28::new, 10, change);
  }

  /** Hidden units near 1e-37 that the last layer multiplies by ±{@code weight}. */
  private static Consumer<Map<String, Tensor>> steep(double weight) {
    return state -> {
      state.get("dense1.weight").mul_(new Scalar(1e-37));
      Tensor last = state.get("dense2.weight");
      last.fill_(new Scalar(weight));
      for (int k = 1; k < 10; k += 2) {
        last.select(0, k).neg_();
      }
    };
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void aNonFiniteLossIsFoundAtItsStep(double value) {
    assertDiverges(
        config(OptimizerSpec.Kind.SGD, 0.01, 32),
        96,
        state -> state.get("dense2.bias").fill_(new Scalar(value)),
        "the training loss became NaN in epoch 1 at step 1 of the run, with learning rate 0.01");
  }

  private static void assertDiverges(
      TrainingConfig config, int examples, Consumer<Map<String, Tensor>> change, String message) {
    assertThatThrownBy(() -> cnn(config, examples, change))
        .isInstanceOf(DivergedException.class)
        .hasMessage(message);
  }

  @Test
  void anInfiniteGradientIsFoundInTheLossOfTheNextStep() {
    assertDiverges(
        config(OptimizerSpec.Kind.SGD, 0.01, 32),
        96,
        steep(3e38),
        "the training loss became NaN in epoch 1 at step 2 of the run, with learning rate 0.01");
  }

  @Test
  void anInfiniteGradientOfTheLastStepIsFoundInTheParameters() {
    assertDiverges(
        config(OptimizerSpec.Kind.SGD, 0.01, 32),
        32,
        steep(3e38),
        "model.dense1.weight became infinite in epoch 1 at step 1 of the run, with learning rate"
            + " 0.01");
  }

  @ParameterizedTest
  @EnumSource(names = {"ADAM", "ADAMW", "ADAGRAD", "RMSPROP"})
  void aGradientWhoseSquareOverflowsIsFoundThoughTheLossStaysFinite(OptimizerSpec.Kind kind) {
    assertThatThrownBy(() -> cnn(config(kind, 1e-30, 32), 64, steep(1e36)))
        .isInstanceOf(DivergedException.class)
        .hasMessageMatching(
            "optimizer\\..* became infinite in epoch 1 at step 2 of the run, with learning rate 1.0E-30");
  }

  @Test
  void aRateThatOverflowsStopsTheRunAndIsNamed() {
    assertDiverges(
        new TestConfig()
            .optimizer(OptimizerSpec.Kind.SGD)
            .lr(1e300)
            .noise(NoiseSpec.uniform(1e300).seed(1))
            .batchSize(32)
            .training(),
        64,
        state -> {},
        "the training loss became NaN in epoch 1 at step 2 of the run, with learning rate"
            + " Infinity");
    assertRejected(
        () -> new Constant(Double.POSITIVE_INFINITY), "lr must be finite, but is Infinity");
  }

  @Test
  void theLastTrainingBatchCountsByItsExamples() {
    int count = 100;
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, 1e-30, 64);
    EpochMetrics metrics = cnn(config, count, state -> {});
    ImageDataset data = GREY.subset(count, 50);
    Trainer.seedWeights(1);
    try (PointerScope scope = new PointerScope();
        Model model = new Cnn28(1, 10);
        Dataset.OnDevice examples = data.on(CPU, Augmentation.NONE)) {
      Batch all = examples.train().evaluation(0, count);
      Tensor logits = model.forward(all.inputs());
      double loss = torch.cross_entropy(logits, all.targets()).item_double();
      double right =
          logits.argmax(new LongOptional(1), false).eq(all.targets()).sum().item_double();
      assertThat(metrics.trainLoss()).isCloseTo(loss, within(1e-6));
      assertThat(metrics.trainAcc()).isEqualTo(right / count);
    }
  }

  @Test
  void theLastEvaluationBatchCountsByItsExamples() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, 1e-30, 64);
    double two = firstEpoch(config, GREY.subset(64, 501), Cnn28::new, 10, state -> {}).testLoss();
    double one = firstEpoch(config, GREY.subset(64, 500), Cnn28::new, 10, state -> {}).testLoss();
    ImageSet last =
        new ImageSet(
            Arrays.copyOfRange(GREY.test().pixels(), 500 * 784, 501 * 784),
            Arrays.copyOfRange(GREY.test().labels(), 500, 501),
            1,
            28,
            28);
    ImageDataset single =
        new ImageDataset(
            "last", GREY.classNames(), GREY.train().select(ExampleSet.first(64)), last);
    double rest = firstEpoch(config, single, Cnn28::new, 10, state -> {}).testLoss();
    assertThat(two).isCloseTo((500 * one + rest) / 501, within(1e-6));
  }

  @Test
  void anEmptySubsetIsRejected() {
    assertRejected(() -> GREY.subset(0, 50), "subset must be in [1, 6000], but is 0");
  }

  @Test
  void batchesOfOneExampleTrainWhereBatchNormSeesMorePixels() {
    EpochMetrics metrics =
        firstEpoch(
            config(OptimizerSpec.Kind.SGD, 0.001, 1),
            COLOUR.subset(3, 3),
            ResNet::resNet20,
            10,
            state -> {});
    assertThat(metrics.trainLoss()).isBetween(0.0, 100.0);
  }

  @Test
  void batchNormOverASingleValueStopsWithEpochAndStep() {
    assertThatThrownBy(
            () ->
                firstEpoch(
                    config(OptimizerSpec.Kind.SGD, 0.001, 2),
                    COLOUR.subset(3, 3),
                    (channels, classes) -> new Vgg16(channels, classes, true, true),
                    10,
                    state -> {}))
        .isInstanceOf(StepFailedException.class)
        .hasMessageStartingWith(
            "epoch 1 failed at step 2 of the run: Expected more than 1 value per channel when training");
  }

  @Test
  void aLabelWithoutAClassIsRejected() {
    ImageSet images = new ImageSet(new byte[784], new int[] {10}, 1, 28, 28);
    assertRejected(
        () -> new ImageDataset("x", GREY.classNames(), images, images),
        "x, training images: label number 0 must be in [0, 9], but is 10");
  }

  @Test
  void moreClassesThanTheModelHasOutputsAreRejected() {
    TrainingConfig config = config(OptimizerSpec.Kind.SGD, 0.01, 32);
    assertRejected(
        () -> firstEpoch(config, GREY.subset(64, 50), Cnn28::new, 5, state -> {}),
        "the model supports 5 classes, but the examples have 10");
  }
}
