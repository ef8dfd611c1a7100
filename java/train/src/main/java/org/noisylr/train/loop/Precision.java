package org.noisylr.train.loop;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.model.ImageModel;

/** The arithmetic of the forward pass. Parameters and optimizer state are float32 in both. */
public enum Precision {
  /** float32 throughout. */
  FP32 {
    @Override
    public Tensor forward(ImageModel model, Tensor images) {
      return model.forward(images);
    }
  },
  /** LibTorch's autocast: convolutions and dense layers in bfloat16, reductions in float32. */
  BF16 {
    @Override
    public Tensor forward(ImageModel model, Tensor images) {
      torch.DeviceType type = images.device().type();
      torch.set_autocast_dtype(type, torch.ScalarType.BFloat16);
      torch.set_autocast_enabled(type, true);
      try {
        return model.forward(images).to(torch.ScalarType.Float);
      } finally {
        torch.set_autocast_enabled(type, false);
        torch.clear_cache();
      }
    }
  };

  /**
   * The model's logits in this arithmetic.
   *
   * @param images {@code float32 [N, C, H, W]}, normalised
   * @return {@code float32 [N, classes]}; owned by the caller
   */
  public abstract Tensor forward(ImageModel model, Tensor images);
}
