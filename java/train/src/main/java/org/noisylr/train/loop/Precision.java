package org.noisylr.train.loop;

/** The arithmetic of the forward pass. Parameters and optimizer state are float32 in both. */
public enum Precision {
  /** float32 throughout. */
  FP32,
  /** LibTorch's autocast: convolutions and dense layers in bfloat16, reductions in float32. */
  BF16
}
