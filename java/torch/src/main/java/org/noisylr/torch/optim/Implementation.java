package org.noisylr.torch.optim;

/** How an optimizer computes its step. The order is that of the native enumeration. */
public enum Implementation {
  /** One pass over all parameters. */
  FUSED,
  /** LibTorch's own step: several operations a parameter. */
  STOCK
}
