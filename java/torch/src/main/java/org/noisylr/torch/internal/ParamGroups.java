package org.noisylr.torch.internal;

import static org.noisylr.torch.internal.NativeLibrary.open;

import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * References into an optimizer: its groups, their options and their parameters. They keep the
 * optimizer from being collected. Their getters and setters throw once it is closed.
 */
public final class ParamGroups extends OptimizerParamGroupVector {
  private final Optimizer optimizer;

  private ParamGroups(OptimizerParamGroupVector groups, Optimizer optimizer) {
    super((Pointer) groups);
    this.optimizer = optimizer;
  }

  /** Returns the groups of an open optimizer. */
  public static ParamGroups of(Optimizer optimizer, Supplier<OptimizerParamGroupVector> groups) {
    open(optimizer);
    return new ParamGroups(groups.get(), optimizer);
  }

  @Override
  public OptimizerParamGroup get(long i) {
    open(optimizer);
    return new Group(super.get(i));
  }

  /** The parameters of the first group. */
  public TensorVector first() {
    open(optimizer);
    if (size() == 0) {
      throw new IllegalStateException("the optimizer has no parameter group");
    }
    return get(0).params();
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
      return new Tensor(super.get(i)); // its own reference, which outlives the list
    }
  }
}
