package org.noisylr.train;

import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.ModelSpec;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.Selection;

/**
 * Builds configurations: one epoch of cnn28 on fashion-mnist-mini, SGD with momentum 0.9 at rate
 * 0.01, batches of 64, except for what a test sets.
 */
public final class TestConfig {
  private OptimizerSpec.Kind kind = OptimizerSpec.Kind.MOMENTUM;
  private Implementation implementation = Implementation.FUSED;
  private Schedule schedule = new Constant(0.01);
  private NoiseSpec noise = NoiseSpec.none();
  private int epochs = 1;
  private int batchSize = 64;
  private Augmentation augmentation = Augmentation.NONE;
  private Precision precision = Precision.FP32;
  private String data = "fashion-mnist-mini";
  private Integer resize;
  private Integer subset;
  private Integer testSubset;
  private ModelSpec model = ModelName.CNN28;
  private String backbone;
  private String device = "cpu";
  private int threads = 1;
  private double weightDecay = 1e-4;
  private UpdateOptions update = UpdateOptions.PLAIN;
  private boolean capture;
  private Selection selection = Selection.BY_TEST;

  public TestConfig optimizer(OptimizerSpec.Kind value) {
    kind = value;
    return this;
  }

  public TestConfig implementation(Implementation value) {
    implementation = value;
    return this;
  }

  public TestConfig lr(double value) {
    return schedule(new Constant(value));
  }

  public TestConfig schedule(Schedule value) {
    schedule = value;
    return this;
  }

  public TestConfig noise(NoiseSpec value) {
    noise = value;
    return this;
  }

  public TestConfig epochs(int value) {
    epochs = value;
    return this;
  }

  public TestConfig batchSize(int value) {
    batchSize = value;
    return this;
  }

  public TestConfig augmentation(Augmentation value) {
    augmentation = value;
    return this;
  }

  public TestConfig precision(Precision value) {
    precision = value;
    return this;
  }

  public TestConfig data(String value) {
    data = value;
    return this;
  }

  public TestConfig resize(int value) {
    resize = value;
    return this;
  }

  /** Uses the first examples. */
  public TestConfig subset(Integer training, Integer test) {
    subset = training;
    testSubset = test;
    return this;
  }

  public TestConfig model(ModelSpec value) {
    model = value;
    return this;
  }

  public TestConfig backbone(String value) {
    backbone = value;
    return this;
  }

  public TestConfig device(String value) {
    device = value;
    return this;
  }

  public TestConfig capture() {
    capture = true;
    return this;
  }

  public TestConfig threads(int value) {
    threads = value;
    return this;
  }

  public TrainingConfig training() {
    OptimizerSpec optimizer =
        new OptimizerSpec(kind, 0.9, kind.isL4() ? 0 : weightDecay, implementation);
    return new TrainingConfig(
        optimizer, schedule, noise, epochs, batchSize, augmentation, precision, update, 1);
  }

  public TestConfig weightDecay(double value) {
    weightDecay = value;
    return this;
  }

  public TestConfig update(UpdateOptions value) {
    update = value;
    return this;
  }

  public TestConfig selection(Selection value) {
    selection = value;
    return this;
  }

  public RunConfig run() {
    return new RunConfig(
        data,
        resize,
        subset,
        testSubset,
        model,
        backbone,
        device,
        threads,
        1,
        capture,
        training(),
        selection);
  }
}
