package org.noisylr.examples;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.baseline.GradientNoise;
import org.noisylr.torch.optim.baseline.L4Adam;
import org.noisylr.torch.optim.baseline.L4Options;

/** L4, which chooses its rate from the loss, and annealed gradient noise on Adam. */
public class Baselines {
  public static void main(String[] args) {
    LibTorch.load();
    torch.manual_seed(1);
    DropIn.Net first = new DropIn.Net();
    try (L4Adam optimizer = new L4Adam(first.parameters(), new L4Options(0.15))) {
      train("L4", first, optimizer, optimizer::step);
    }
    DropIn.Net second = new DropIn.Net();
    try (Adam optimizer = new Adam(second.parameters(), new AdamOptions(0.01));
        GradientNoise noise = new GradientNoise(optimizer, 0.01, 0.55, 1)) {
      train("gradient noise", second, optimizer, noise::step);
    }
  }

  private interface Step {
    Tensor with(LossClosure closure);
  }

  private static void train(String name, DropIn.Net net, Optimizer optimizer, Step step) {
    Tensor x = torch.randn(1024, 2);
    Tensor y = DropIn.inside(x);
    LossClosure closure =
        new LossClosure() {
          @Override
          public Tensor call() {
            optimizer.zero_grad();
            Tensor loss = torch.cross_entropy(net.forward(x), y);
            loss.backward();
            return loss;
          }
        };
    for (int epoch = 0; epoch < 200; epoch++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor loss = step.with(closure);
        if (epoch % 20 == 19) {
          System.out.printf("%s, epoch %3d  loss %.4f%n", name, epoch, loss.item_double());
        }
      }
    }
  }
}
