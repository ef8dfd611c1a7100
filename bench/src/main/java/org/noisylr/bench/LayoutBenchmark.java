package org.noisylr.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.bench.TrainingBenchmark.Network;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.Model;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelName;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Forward and backward pass with images and weights in either memory layout. */
@State(Scope.Benchmark)
public class LayoutBenchmark extends LongRuns {
  /** The order of the dimensions in memory. */
  public enum Layout {
    /** N, C, H, W, LibTorch's default. */
    CONTIGUOUS,
    /** N, H, W, C, which the trainer uses. */
    CHANNELS_LAST
  }

  // JMH varies the alphabetically last parameter fastest: a round's layouts run in sequence.
  @Param public Network network;
  @Param public Precision precision;
  @Param public Layout variant;

  private Model model;
  private Tensor images;
  private Tensor labels;

  @Setup
  public void create() {
    Cpu.configure(Cpu.processors());
    Trainer.seedWeights(1);
    Dataset data = RandomImages.of(network.model, network.batchSize);
    model = network.model.create(data);
    ModelName.Images shape = network.model.images();
    images = torch.randn(network.batchSize, shape.channels(), shape.size(), shape.size());
    labels =
        torch
            .randint(0, data.classNames().size(), new long[] {network.batchSize})
            .to(torch.ScalarType.Long);
    if (variant == Layout.CHANNELS_LAST) {
      model.channelsLast();
      images = Tensors.channelsLast(images, torch.ScalarType.Float);
    }
  }

  @Benchmark
  public void forwardBackward() {
    try (PointerScope scope = new PointerScope()) {
      model.zero_grad(true);
      torch.cross_entropy(precision.forward(model, images), labels).backward();
    }
  }

  @TearDown
  public void close() {
    model.close();
  }
}
