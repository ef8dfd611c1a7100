package org.noisylr.examples;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.NoisySGD;

/** A training loop of org.bytedeco:pytorch in which one line is changed. */
public class DropIn {
  static class Net extends Module {
    final LinearImpl hidden = register_module("hidden", new LinearImpl(2, 32));
    final LinearImpl out = register_module("out", new LinearImpl(32, 2));

    Tensor forward(Tensor x) {
      return out.forward(torch.relu(hidden.forward(x)));
    }
  }

  /** Whether points of the plane are inside the unit circle. */
  static Tensor inside(Tensor x) {
    return x.mul(x).sum(1).lt(new Scalar(1.0)).to(torch.ScalarType.Long);
  }

  public static void main(String[] args) {
    LibTorch.load();
    torch.manual_seed(1);
    Net net = new Net();
    Tensor x = torch.randn(1024, 2);
    Tensor y = inside(x);
    int epochs = 20;
    int batches = 16;
    NoiseSpec noise =
        NoiseSpec.uniform(8).lastFraction(0.6, epochs).stepsPerEpoch(batches).seed(42);
    // Was: new SGD(net.parameters(), new SGDOptions(0.1))
    try (NoisySGD optimizer = new NoisySGD(net.parameters(), new SGDOptions(0.1), noise)) {
      for (int epoch = 0; epoch < epochs; epoch++) {
        double sum = 0;
        for (int batch = 0; batch < batches; batch++) {
          try (PointerScope scope = new PointerScope()) {
            optimizer.zero_grad();
            Tensor output = net.forward(x.narrow(0, 64 * batch, 64));
            Tensor loss = torch.cross_entropy(output, y.narrow(0, 64 * batch, 64));
            loss.backward();
            optimizer.step();
            sum += loss.item_double();
          }
        }
        System.out.printf(
            "epoch %2d  lr %.4f  loss %.4f%n", epoch, optimizer.realisedLr(), sum / batches);
      }
    }
  }
}
