package org.noisylr.torch.optim.baseline;

import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.TensorVector;

/**
 * {@link L4} with the direction of Adam, v = g / (√s + {@code adam_eps}), where s is the mean of
 * squared gradients (decay {@code beta2}, corrected for its start at 0).
 */
public final class L4Adam extends L4 {
  /** An optimizer of one parameter group. */
  public L4Adam(TensorVector parameters, L4Options options) {
    super(parameters, options, true);
  }

  /** An optimizer of several parameter groups. */
  public L4Adam(OptimizerParamGroupVector groups, L4Options options) {
    super(groups, options, true);
  }
}
