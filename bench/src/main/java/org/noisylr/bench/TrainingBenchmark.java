package org.noisylr.bench;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelName;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A whole training step of the trainer: batch, forward, loss, backward, SGD with momentum. Measures
 * an epoch and divides by its steps; the evaluation after the epoch uses one image.
 */
@State(Scope.Benchmark)
public class TrainingBenchmark extends LongRuns {
  static final int STEPS = 20;

  /** A model and its batch size. */
  public enum Network {
    /** The small CNN, batches of 64 grey images of 28×28. */
    CNN28(ModelName.CNN28, 64),
    /** ResNet-20, batches of 128 colour images of 32×32. */
    RESNET20(ModelName.RESNET20, 128);

    final ModelName model;
    final int batchSize;

    Network(ModelName model, int batchSize) {
      this.model = model;
      this.batchSize = batchSize;
    }
  }

  /** The implementation of the optimizer's step. */
  public enum Variant {
    /** LibTorch's step, without noise. */
    STOCK(NoiseSpec.none(), Implementation.STOCK),
    /** The fused step with noise. */
    NOISY_FUSED(NoiseSpec.uniform(1), Implementation.FUSED);

    private final NoiseSpec noise;
    private final Implementation implementation;

    Variant(NoiseSpec noise, Implementation implementation) {
      this.noise = noise;
      this.implementation = implementation;
    }
  }

  @Param public Network network;
  @Param public Precision precision;
  @Param public Variant variant;

  private Model model;
  private Dataset.OnDevice examples;
  private Trainer trainer;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    Trainer.seedWeights(1);
    Device cpu = new Device("cpu");
    Dataset data = RandomImages.of(network.model, STEPS * network.batchSize);
    model = network.model.create(data);
    examples = data.on(cpu, Augmentation.NONE);
    TrainingConfig config =
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, variant.implementation),
            new Constant(0.001),
            variant.noise,
            Integer.MAX_VALUE,
            network.batchSize,
            Augmentation.NONE,
            precision,
            UpdateOptions.PLAIN,
            1);
    trainer = new Trainer(model, config, examples, cpu, false);
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public void step() {
    trainer.runEpoch(List.of());
  }

  @TearDown
  public void close() {
    trainer.close();
    examples.close();
    model.close();
  }
}
