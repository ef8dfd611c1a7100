package org.noisylr.torch.optim;

/**
 * Where the learning rate enters SGD's momentum m. Both forms are equal while the rate is constant;
 * they differ where it changes, as with noise. The gradient g includes the weight decay, and η′ is
 * the realised learning rate. The order is that of the native enumeration.
 */
public enum MomentumForm {
  /** PyTorch's: v ← m·v + g; θ ← θ − η′·v. A change of the rate applies to past gradients too. */
  TORCH,
  /**
   * Keras', which the paper used: v ← m·v − η′·g; θ ← θ + v; with Nesterov's momentum, θ ← θ + m·v
   * − η′·g. Each gradient keeps the rate of its own step. The momentum buffer of the state is −v.
   */
  KERAS
}
