package org.noisylr.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelName;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The input of a training step: a random batch of 128 normalised colour images of 32×32. */
@State(Scope.Benchmark)
public class InputBenchmark extends ShortRuns {
  private static final int BATCH = 128;
  private static final int IMAGES = 10_000;

  /** The augmentation of the images. */
  public enum Augment {
    NONE(Augmentation.NONE),
    CROP_MIRROR(Augmentation.CROP_MIRROR);

    private final Augmentation augmentation;

    Augment(Augmentation augmentation) {
      this.augmentation = augmentation;
    }
  }

  @Param public Augment augment;

  private Dataset.OnDevice examples;
  private Tensor order;
  private int first;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    torch.manual_seed(1);
    examples =
        RandomImages.of(ModelName.RESNET20, IMAGES).on(new Device("cpu"), augment.augmentation);
    order = torch.randperm(IMAGES);
  }

  @Benchmark
  public void batch() {
    first = (first + BATCH) % (IMAGES - BATCH);
    try (PointerScope scope = new PointerScope()) {
      examples.train().training(order.narrow(0, first, BATCH));
    }
  }

  @TearDown
  public void close() {
    examples.close();
  }
}
