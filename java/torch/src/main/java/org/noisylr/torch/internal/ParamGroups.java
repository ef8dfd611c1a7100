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
  public long size() {
    open(optimizer);
    return super.size();
  }

  @Override
  public OptimizerParamGroup get(long i) {
    open(optimizer);
    return new Group(super.get(i), optimizer);
  }

  private static final class Group extends OptimizerParamGroup {
    private final Optimizer optimizer;

    Group(OptimizerParamGroup group, Optimizer optimizer) {
      super((Pointer) group);
      this.optimizer = optimizer;
    }

    @Override
    public OptimizerOptions options() {
      open(optimizer);
      return new Options(super.options(), optimizer);
    }

    @Override
    public TensorVector params() {
      open(optimizer);
      return new Parameters(super.params(), optimizer);
    }
  }

  /** The options of a group, or the default options. */
  public static final class Options extends OptimizerOptions {
    private final Optimizer optimizer;

    public Options(OptimizerOptions options, Optimizer optimizer) {
      super((Pointer) options);
      this.optimizer = optimizer;
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

  /** The parameters of a group. */
  public static final class Parameters extends TensorVector {
    private final Optimizer optimizer;

    public Parameters(TensorVector parameters, Optimizer optimizer) {
      super((Pointer) parameters);
      this.optimizer = optimizer;
    }

    @Override
    public long size() {
      open(optimizer);
      return super.size();
    }

    @Override
    public Tensor get(long i) {
      open(optimizer);
      return super.get(i);
    }
  }
}
