package org.noisylr.torch.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.FlattenImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.SequentialImpl;
import org.bytedeco.pytorch.TanhImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.optim.NoisyOptimizer;
import org.noisylr.torch.optim.OptimizerFamily;

@Tag("slow")
class DataParallelTest {
  private static final int BATCH = 12;
  private static final int STEPS = 50;
  private static final int STEPS_PER_EPOCH = 5;
  private static final NoiseSpec NOISE =
      NoiseSpec.uniform(4).lastFraction(0.6, STEPS / STEPS_PER_EPOCH).seed(7);

  static {
    LibTorch.load();
  }

  private enum Network {
    MLP {
      @Override
      SequentialImpl create() {
        SequentialImpl net = new SequentialImpl();
        net.push_back(new FlattenImpl());
        net.push_back(new LinearImpl(36, 20));
        net.push_back(new TanhImpl());
        net.push_back(new LinearImpl(20, 3));
        return net;
      }
    },
    CONVOLUTIONAL {
      @Override
      SequentialImpl create() {
        SequentialImpl net = new SequentialImpl();
        net.push_back(new Conv2dImpl(1, 4, new LongPointer(3, 3)));
        net.push_back(new TanhImpl());
        net.push_back(new FlattenImpl());
        net.push_back(new LinearImpl(64, 3));
        return net;
      }
    };

    abstract SequentialImpl create();
  }

  /** Images {@code [12, 1, 6, 6]} and their classes. */
  private record Examples(Tensor images, Tensor classes) {
    static Examples random() {
      torch.manual_seed(1);
      return new Examples(
          torch.randn(BATCH, 1, 6, 6),
          torch.randint(
              3, new long[] {BATCH}, Tensors.options(new Device("cpu"), torch.ScalarType.Long)));
    }

    /** Returns one of equal consecutive parts. */
    Examples part(int number, int parts) {
      int length = BATCH / parts;
      return new Examples(
          images.narrow(0, (long) number * length, length),
          classes.narrow(0, (long) number * length, length));
    }

    Tensor loss(SequentialImpl net) {
      return torch.cross_entropy(net.forward(images), classes);
    }
  }

  /** What training ends with. */
  private record Trained(Map<String, float[]> parameters, List<Double> lrs) {}

  private interface Backward {
    void of(Tensor loss);
  }

  private static Trained train(
      SequentialImpl net, OptimizerFamily family, Examples examples, Backward backward) {
    List<Double> lrs = new ArrayList<>();
    try (NoisyOptimizer optimizer = (NoisyOptimizer) family.noisy(net.parameters(), 0.005, NOISE)) {
      for (int step = 0; step < STEPS; step++) {
        try (PointerScope scope = new PointerScope()) {
          optimizer.epoch(step / STEPS_PER_EPOCH);
          optimizer.zero_grad();
          backward.of(examples.loss(net));
          optimizer.step();
          lrs.add(optimizer.realisedLr());
        }
        if (step % 20 == 0) {
          System.gc();
        }
      }
    }
    return new Trained(parameters(net), lrs);
  }

  private static Map<String, float[]> parameters(SequentialImpl net) {
    Map<String, float[]> values = new LinkedHashMap<>();
    Tensors.state(net).forEach((name, tensor) -> values.put(name, floats(tensor)));
    return values;
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    new FloatPointer(tensor.contiguous().data_ptr()).get(values);
    return values;
  }

  static Stream<Arguments> cases() {
    return Stream.of(Network.values())
        .flatMap(
            network ->
                Stream.of(OptimizerFamily.values())
                    .flatMap(
                        family ->
                            Stream.of(2, 3).map(size -> Arguments.of(network, family, size))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void ranksTrainLikeOneProcessWithTheWholeBatchAndHaveTheSameNoise(
      Network network, OptimizerFamily family, int size) {
    try (PointerScope scope = new PointerScope()) {
      Examples examples = Examples.random();
      torch.manual_seed(2);
      SequentialImpl alone = network.create();
      List<SequentialImpl> copies = new ArrayList<>();
      torch.manual_seed(2);
      copies.add(network.create());
      while (copies.size() < size) {
        copies.add(network.create()); // with other weights
      }

      Trained whole = train(alone, family, examples, Tensor::backward);
      List<Trained> ranks =
          Group.run(
              size,
              Group.tcp(),
              group -> {
                SequentialImpl net = copies.get(group.rank());
                try (DataParallel parallel = new DataParallel(net, group)) {
                  return train(net, family, examples.part(group.rank(), size), parallel::backward);
                }
              });

      assertThat(ranks).allSatisfy(rank -> assertThat(rank.lrs()).isEqualTo(whole.lrs()));
      for (Trained rank : ranks) {
        rank.parameters()
            .forEach(
                (name, values) -> {
                  assertThat(values).as("all ranks").isEqualTo(ranks.get(0).parameters().get(name));
                  assertThat(distance(values, whole.parameters().get(name)))
                      .as(name)
                      .isLessThan(1e-5);
                });
      }
    }
  }

  /** Returns ‖a − b‖ / ‖b‖. */
  private static double distance(float[] a, float[] b) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < a.length; i++) {
      difference += Math.pow((double) a[i] - b[i], 2);
      norm += Math.pow(b[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  @Test
  void onlyTheLastBackwardPassReducesGradientsThatAccumulate() {
    try (PointerScope scope = new PointerScope()) {
      Examples examples = Examples.random();
      List<float[]> gradients =
          Group.run(
              2,
              Group.tcp(),
              group -> {
                try (PointerScope rank = new PointerScope()) {
                  SequentialImpl net = Network.MLP.create();
                  DataParallel parallel = new DataParallel(net, group);
                  Examples own = examples.part(group.rank(), 2);
                  torch
                      .cross_entropy(
                          net.forward(own.images().narrow(0, 0, 3)), own.classes().narrow(0, 0, 3))
                      .backward();
                  parallel.backward(
                      torch.cross_entropy(
                          net.forward(own.images().narrow(0, 3, 3)),
                          own.classes().narrow(0, 3, 3)));
                  float[] accumulated = floats(net.parameters().get(0).grad());
                  net.zero_grad(true);
                  parallel.backward(own.loss(net).mul(new Scalar(2.0)));
                  assertThat(distance(accumulated, floats(net.parameters().get(0).grad())))
                      .isLessThan(1e-5);
                  parallel.close();
                  return accumulated;
                }
              });
      assertThat(gradients.get(0)).isEqualTo(gradients.get(1));
    }
  }

  @Test
  void buffersAreCopiedFromRankZeroAtTheStartAndOnRequest() {
    List<List<Double>> means =
        Group.run(
            2,
            Group.tcp(),
            group -> {
              try (PointerScope scope = new PointerScope()) {
                BatchNorm1dImpl norm = new BatchNorm1dImpl(new BatchNormOptions(1));
                norm.running_mean().fill_(new Scalar(5.0 + group.rank()));
                try (DataParallel parallel = new DataParallel(norm, group)) {
                  double first = norm.running_mean().item_double();
                  norm.running_mean().fill_(new Scalar(7.0 + group.rank()));
                  parallel.broadcastBuffers(norm);
                  return List.of(first, norm.running_mean().item_double());
                }
              }
            });
    assertThat(means).hasSize(2).containsOnly(List.of(5.0, 7.0));
  }

  @Test
  void aParameterThatTheLossDoesNotDependOnIsNamed() {
    try (PointerScope scope = new PointerScope()) {
      Examples examples = Examples.random();
      List<String> errors =
          Group.run(
              2,
              Group.tcp(),
              group -> {
                try (PointerScope rank = new PointerScope()) {
                  SequentialImpl net = Network.MLP.create();
                  net.register_module("head", new LinearImpl(2, 1));
                  DataParallel parallel = new DataParallel(net, group);
                  Throwable error =
                      catchThrowable(() -> parallel.backward(examples.part(0, 2).loss(net)));
                  assertThat(error).isInstanceOf(IllegalStateException.class);
                  return error.getMessage();
                }
              });
      assertThat(errors)
          .hasSize(2)
          .containsOnly("the loss does not depend on head.weight, head.bias");
    }
  }
}
