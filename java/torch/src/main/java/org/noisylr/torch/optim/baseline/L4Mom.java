package org.noisylr.torch.optim.baseline;

import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.TensorVector;

/** {@link L4} with v = g, the momentum method. */
public final class L4Mom extends L4 {
  /** An optimizer of one parameter group. */
  public L4Mom(TensorVector parameters, L4Options options) {
    super(parameters, options, false);
  }

  /** An optimizer of several parameter groups. */
  public L4Mom(OptimizerParamGroupVector groups, L4Options options) {
    super(groups, options, false);
  }
}
