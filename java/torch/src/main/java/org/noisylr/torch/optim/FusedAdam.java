package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * {@code torch::optim::Adam} whose step is one pass over all parameters: a drop-in for {@link
 * Adam}.
 *
 * <p>Same formula, same values: {@link FusedOptimizer} says what computes which parameter. Options,
 * parameter groups, schedulers and archives are LibTorch's own.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public sealed class FusedAdam extends Adam implements FusedOptimizer permits NoisyAdam {
  static {
    NativeLibrary.load(FusedAdam.class);
  }

  final Guard guard = new Guard();

  FusedAdam(Pointer p) {
    super(p);
  }

  /**
   * An optimizer of one parameter group.
   *
   * @param parameters the tensors to train; ownership is shared
   * @param options LibTorch's options, copied
   */
  public FusedAdam(TensorVector parameters, AdamOptions options) {
    super((Pointer) null);
    allocate(ParamGroups.copy(parameters), options);
  }

  /**
   * An optimizer of several parameter groups.
   *
   * @param groups parameters with options of their own; a group without takes {@code options}
   * @param options LibTorch's options, copied
   */
  public FusedAdam(OptimizerParamGroupVector groups, AdamOptions options) {
    super((Pointer) null);
    allocate(ParamGroups.copy(groups), options);
  }

  @SharedPtr
  @Name("noisylr::make_retiring<noisylr::FusedAdam>")
  private native void allocate(@ByVal TensorVector parameters, @ByVal AdamOptions options);

  @SharedPtr
  @Name("noisylr::make_retiring<noisylr::FusedAdam>")
  private native void allocate(@ByVal OptimizerParamGroupVector groups, @ByVal AdamOptions options);

  @Name("step")
  private native void nativeStep();

  @Name("step")
  private native @ByVal Tensor nativeStep(@ByVal Closure closure);

  // LibTorch's and JavaCPP's methods, guarded.

  @Override
  public Tensor step() {
    try (Guard.Use use = guard.step(this)) {
      nativeStep();
      return NoLoss.TENSOR;
    }
  }

  @Override
  public Tensor step(LossClosure closure) {
    if (closure == null) {
      return step();
    }
    try (Guard.Use use = guard.step(this)) {
      return Closure.evaluatedBy(this::nativeStep, closure);
    }
  }

  @Override
  public void zero_grad() {
    try (Guard.Use use = guard.use(this)) {
      super.zero_grad();
    }
  }

  @Override
  public void zero_grad(boolean setToNone) {
    try (Guard.Use use = guard.use(this)) {
      super.zero_grad(setToNone);
    }
  }

  @Override
  public void add_param_group(OptimizerParamGroup group) {
    OptimizerParamGroup copy = ParamGroups.copy(group);
    try (Guard.Use use = guard.use(this)) {
      super.add_param_group(groups().prepare(copy));
    }
  }

  @Override
  public void add_parameters(TensorVector parameters) {
    TensorVector copy = ParamGroups.copy(parameters);
    try (Guard.Use use = guard.use(this)) {
      groups().first();
      super.add_parameters(copy);
    }
  }

  /** A copy of the first group's list, whose tensors are the optimizer's. */
  @Override
  public TensorVector parameters() {
    try (Guard.Use use = guard.use(this)) {
      return new TensorVector(groups().first().params().get());
    }
  }

  @Override
  public long size() {
    try (Guard.Use use = guard.use(this)) {
      return super.size();
    }
  }

  @Override
  public OptimizerOptions defaults() {
    try (Guard.Use use = guard.use(this)) {
      return groups().defaults(super.defaults());
    }
  }

  @Override
  public OptimizerParamGroupVector param_groups() {
    try (Guard.Use use = guard.use(this)) {
      return groups();
    }
  }

  private ParamGroups groups() {
    return new ParamGroups(super.param_groups(), this);
  }

  @Override
  public void save(OutputArchive archive) {
    try (Guard.Use use = guard.use(this)) {
      super.save(archive);
    }
  }

  @Override
  public void load(InputArchive archive) {
    try (Guard.Use use = guard.use(this)) {
      super.load(archive);
    }
  }

  /**
   * Is refused: LibTorch's assignment would leave the other optimizer without its insides.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public Optimizer put(Optimizer other) {
    try (Guard.Use use = guard.use(this)) {
      throw new UnsupportedOperationException("optimizers cannot be assigned");
    }
  }

  @Override
  public boolean releaseReference() {
    try (Guard.Use use = guard.closing(this)) {
      return super.releaseReference();
    }
  }

  @Override
  public void deallocate(boolean deallocate) {
    try (Guard.Use use = guard.closing(this)) {
      super.deallocate(deallocate);
    }
  }
}
