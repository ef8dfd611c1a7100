package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * The groups of an optimizer, by reference. They and all that they give keep the optimizer
 * reachable: another thread does not collect it while one of them is in use.
 */
final class ParamGroups extends OptimizerParamGroupVector {
  private final Optimizer optimizer;

  ParamGroups(OptimizerParamGroupVector groups, Optimizer optimizer) {
    super((Pointer) groups);
    this.optimizer = optimizer;
  }

  /**
   * The first group, which LibTorch's methods of one list of parameters take for granted.
   *
   * @throws IllegalStateException if there is none
   */
  OptimizerParamGroup first() {
    if (empty()) {
      throw new IllegalStateException("there is no parameter group");
    }
    return get(0);
  }

  @Override
  public OptimizerParamGroup get(long i) {
    return new Group(super.get(i), optimizer);
  }

  @Override
  public OptimizerParamGroupVector.Iterator begin() {
    return new GroupIterator(super.begin(), optimizer);
  }

  @Override
  public OptimizerParamGroupVector.Iterator end() {
    return new GroupIterator(super.end(), optimizer);
  }

  @Override
  public OptimizerParamGroupVector.Iterator insert(
      OptimizerParamGroupVector.Iterator position, OptimizerParamGroup group) {
    return new GroupIterator(super.insert(position, group), optimizer);
  }

  @Override
  public OptimizerParamGroupVector.Iterator erase(OptimizerParamGroupVector.Iterator position) {
    return new GroupIterator(super.erase(position), optimizer);
  }

  /** The options of a group, or the defaults, by reference. */
  static final class Options extends OptimizerOptions {
    private final Optimizer optimizer;

    Options(OptimizerOptions options, Optimizer optimizer) {
      super((Pointer) options);
      this.optimizer = optimizer;
    }
  }

  private static final class Group extends OptimizerParamGroup {
    private final Optimizer optimizer;

    Group(OptimizerParamGroup group, Optimizer optimizer) {
      super((Pointer) group);
      this.optimizer = optimizer;
    }

    @Override
    public OptimizerOptions options() {
      return new Options(super.options(), optimizer);
    }

    @Override
    public TensorVector params() {
      return new Parameters(super.params(), optimizer);
    }
  }

  private static final class GroupIterator extends OptimizerParamGroupVector.Iterator {
    /** Owns the native iterator; retained, so that a scope that closes does not free it. */
    private final OptimizerParamGroupVector.Iterator owned;

    private final Optimizer optimizer;

    GroupIterator(OptimizerParamGroupVector.Iterator owned, Optimizer optimizer) {
      super((Pointer) null);
      this.owned = owned.retainReference();
      this.optimizer = optimizer;
      address = owned.address();
    }

    @Override
    public OptimizerParamGroupVector.Iterator increment() {
      super.increment();
      return this;
    }

    @Override
    public OptimizerParamGroup get() {
      return new Group(super.get(), optimizer);
    }
  }

  private static final class Parameters extends TensorVector {
    private final Optimizer optimizer;

    Parameters(TensorVector parameters, Optimizer optimizer) {
      super((Pointer) parameters);
      this.optimizer = optimizer;
    }

    @Override
    public Tensor get(long i) {
      return new Parameter(super.get(i), optimizer);
    }

    @Override
    public TensorVector.Iterator begin() {
      return new ParameterIterator(super.begin(), optimizer);
    }

    @Override
    public TensorVector.Iterator end() {
      return new ParameterIterator(super.end(), optimizer);
    }

    @Override
    public TensorVector.Iterator insert(TensorVector.Iterator position, Tensor parameter) {
      return new ParameterIterator(super.insert(position, parameter), optimizer);
    }

    @Override
    public TensorVector.Iterator erase(TensorVector.Iterator position) {
      return new ParameterIterator(super.erase(position), optimizer);
    }
  }

  private static final class ParameterIterator extends TensorVector.Iterator {
    private final TensorVector.Iterator owned;
    private final Optimizer optimizer;

    ParameterIterator(TensorVector.Iterator owned, Optimizer optimizer) {
      super((Pointer) null);
      this.owned = owned.retainReference();
      this.optimizer = optimizer;
      address = owned.address();
    }

    @Override
    public TensorVector.Iterator increment() {
      super.increment();
      return this;
    }

    @Override
    public Tensor get() {
      return new Parameter(super.get(), optimizer);
    }
  }

  private static final class Parameter extends Tensor {
    private final Optimizer optimizer;

    Parameter(Tensor parameter, Optimizer optimizer) {
      super((Pointer) parameter);
      this.optimizer = optimizer;
    }
  }
}
