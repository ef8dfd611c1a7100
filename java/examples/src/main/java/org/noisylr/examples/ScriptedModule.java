package org.noisylr.examples;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.TorchScript;
import org.noisylr.torch.optim.NoisyAdam;

/**
 * Trains a module that Python has scripted, and saves it for Python:
 *
 * <pre>
 * python src/main/python/scripted_module.py make net.pt
 * java ... org.noisylr.examples.ScriptedModule net.pt trained.pt
 * python src/main/python/scripted_module.py check trained.pt
 * </pre>
 */
public class ScriptedModule {
  public static void main(String[] args) {
    LibTorch.load();
    JitModule net = torch.load(args[0]);
    net.train(true);
    torch.manual_seed(1);
    Tensor x = torch.randn(1024, 2);
    Tensor y = DropIn.inside(x);
    NoiseSpec noise = NoiseSpec.uniform(4).lastFraction(0.6, 200).stepsPerEpoch(1).seed(3);
    try (NoisyAdam optimizer =
        new NoisyAdam(TorchScript.parameters(net), new AdamOptions(0.01), noise)) {
      for (int epoch = 0; epoch < 200; epoch++) {
        try (PointerScope scope = new PointerScope()) {
          optimizer.zero_grad();
          Tensor output = net.forward(new IValueVector(new IValue(x))).toTensor();
          Tensor loss = torch.cross_entropy(output, y);
          loss.backward();
          optimizer.step();
          if (epoch % 20 == 19) {
            System.out.printf("epoch %3d  loss %.4f%n", epoch, loss.item_double());
          }
        }
      }
    }
    net.eval();
    net.save(args[1]);
  }
}
