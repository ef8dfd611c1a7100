package org.noisylr.torch.internal;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * References into an optimizer: its groups, their options and their parameters. They keep the
 * optimizer from being collected and throw once it is closed.
 */
public final class ParamGroups extends OptimizerParamGroupVector {
  private final Optimizer optimizer;

  public ParamGroups(OptimizerParamGroupVector groups, Optimizer optimizer) {
    super((Pointer) groups);
    this.optimizer = optimizer;
  }

  @Override
  public OptimizerParamGroup get(long i) {
    open(optimizer);
    return new Group(super.get(i));
  }

  /** The parameters of a group of the optimizer. */
  public TensorVector parameters(TensorVector parameters) {
    return new Parameters(parameters);
  }

  private final class Group extends OptimizerParamGroup {
    Group(OptimizerParamGroup group) {
      super((Pointer) group);
    }

    @Override
    public OptimizerOptions options() {
      open(optimizer);
      return new Options(super.options());
    }

    @Override
    public TensorVector params() {
      open(optimizer);
      return new Parameters(super.params());
    }
  }

  private final class Options extends OptimizerOptions {
    Options(OptimizerOptions options) {
      super((Pointer) options);
    }

    @Override
    public double get_lr() {
      open(optimizer);
      return super.get_lr();
    }

    @Override
    public void set_lr(double lr) {
      open(optimizer);
      super.set_lr(lr);
    }
  }

  private final class Parameters extends TensorVector {
    Parameters(TensorVector parameters) {
      super((Pointer) parameters);
    }

    @Override
    public Tensor get(long i) {
      open(optimizer);
      return super.get(i);
    }
  }
}
