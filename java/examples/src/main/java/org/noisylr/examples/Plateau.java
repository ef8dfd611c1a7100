package org.noisylr.examples;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.NoisyAdam;
import org.noisylr.torch.optim.PlateauOptions;
import org.noisylr.torch.optim.ReduceOnPlateau;

/** A noisy rate that falls when the loss on other data has stopped improving. */
public class Plateau {
  public static void main(String[] args) {
    LibTorch.load();
    torch.manual_seed(1);
    DropIn.Net net = new DropIn.Net();
    Tensor x = torch.randn(256, 2);
    Tensor y = DropIn.inside(x);
    Tensor otherX = torch.randn(512, 2);
    Tensor otherY = DropIn.inside(otherX);
    NoiseSpec noise = NoiseSpec.uniform(2).perStep();
    try (NoisyAdam optimizer = new NoisyAdam(net.parameters(), new AdamOptions(0.05), noise)) {
      ReduceOnPlateau plateau =
          new ReduceOnPlateau(optimizer, PlateauOptions.minimize().factor(0.5).patience(2));
      for (int epoch = 0; epoch < 60; epoch++) {
        try (PointerScope scope = new PointerScope()) {
          optimizer.zero_grad();
          torch.cross_entropy(net.forward(x), y).backward();
          optimizer.step();
          double loss = torch.cross_entropy(net.forward(otherX), otherY).item_double();
          plateau.step(loss);
          double lr = optimizer.param_groups().get(0).options().get_lr();
          System.out.printf("epoch %2d  base rate %.4f  loss %.4f%n", epoch, lr, loss);
        }
      }
    }
  }
}
