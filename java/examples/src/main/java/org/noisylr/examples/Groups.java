package org.noisylr.examples;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.NoisyAdamW;

/** Parameter groups with their own rates and draws, gradient accumulation and clipping. */
public class Groups {
  /** Batches whose gradients are added before a step. */
  private static final int ACCUMULATED = 4;

  public static void main(String[] args) {
    LibTorch.load();
    torch.manual_seed(1);
    DropIn.Net net = new DropIn.Net();
    Tensor x = torch.randn(1024, 2);
    Tensor y = DropIn.inside(x);
    // A group without options of its own takes those of the optimizer.
    OptimizerParamGroupVector groups =
        new OptimizerParamGroupVector(
            new OptimizerParamGroup(net.hidden.parameters(), new AdamWOptions(0.005)),
            new OptimizerParamGroup(net.out.parameters()));
    NoiseSpec noise = NoiseSpec.logUniform(0.5, 2).independentGroups().stepsPerEpoch(16);
    try (NoisyAdamW optimizer = new NoisyAdamW(groups, new AdamWOptions(0.02), noise)) {
      for (int step = 0; step < 320; step++) {
        double sum = 0;
        optimizer.zero_grad();
        for (int i = 0; i < ACCUMULATED; i++) {
          try (PointerScope scope = new PointerScope()) {
            int first = (step * ACCUMULATED + i) % 64 * 16;
            Tensor output = net.forward(x.narrow(0, first, 16));
            Tensor loss = torch.cross_entropy(output, y.narrow(0, first, 16));
            loss.div(new Scalar(ACCUMULATED)).backward();
            sum += loss.item_double();
          }
        }
        torch.clip_grad_norm_(net.parameters(), 1.0);
        optimizer.step();
        if (step % 16 == 15) {
          System.out.printf(
              "epoch %2d  rates %.4f and %.4f  loss %.4f%n",
              optimizer.epoch() - 1,
              optimizer.realisedLr(0),
              optimizer.realisedLr(1),
              sum / ACCUMULATED);
        }
      }
    }
  }
}
