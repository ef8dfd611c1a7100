package org.noisylr.train.loop;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.model.Model;

/** The arithmetic of the forward pass. Parameters and optimizer state are always float32. */
public enum Precision {
  /** float32 throughout. */
  FP32 {
    @Override
    public Tensor forward(Model model, Tensor inputs) {
      return model.forward(inputs);
    }
  },
  /** LibTorch's autocast: convolutions and dense layers in bfloat16, reductions in float32. */
  BF16 {
    @Override
    public Tensor forward(Model model, Tensor inputs) {
      torch.DeviceType type = inputs.device().type();
      torch.set_autocast_dtype(type, torch.ScalarType.BFloat16);
      torch.set_autocast_enabled(type, true);
      try {
        return model.forward(inputs).to(torch.ScalarType.Float);
      } finally {
        torch.set_autocast_enabled(type, false);
        torch.clear_cache();
      }
    }
  };

  /**
   * Computes the model's logits in this arithmetic.
   *
   * @param inputs the model's input
   * @return {@code float32} with the shape of the model's output; owned by the caller
   */
  public abstract Tensor forward(Model model, Tensor inputs);
}
