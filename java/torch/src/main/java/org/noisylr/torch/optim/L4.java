package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
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
 * An optimizer whose step size follows from the loss (Rolinek and Martius 2018, "L4: Practical
 * loss-based stepsize adaptation for deep learning"). With the loss L, the mean of gradients g over
 * all parameters (decay {@code momentum}, corrected for its start at 0) and the direction v,
 *
 * <pre>η = α·(L − γ·L_min) / (⟨g, v⟩ + ε),   θ ← θ − η·v</pre>
 *
 * where L_min is γ₀ times the loss in the first step, then the lesser of itself and the loss, and
 * grows by the factor 1 + 1/τ after each step. The settings other than α are those of the first
 * parameter group. {@link StepHook} puts noise on α.
 *
 * <p>A step needs the loss, so it needs a closure. A step whose loss is NaN or infinite changes
 * nothing. Every method throws IllegalStateException once the optimizer is closed.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public abstract sealed class L4 extends Optimizer permits L4Mom, L4Adam {
  static {
    NativeLibrary.load(L4.class);
  }

  final Guard guard = new Guard();

  L4(Pointer p) {
    super(p);
  }

  /** η over α in the last step; NaN before it. */
  public final double lastScale() {
    try (Guard.Use use = guard.use(this)) {
      return last_scale();
    }
  }

  @Function
  @Name("last_scale")
  private native double last_scale();

  @Name("step")
  private native @ByVal Tensor nativeStep(@ByVal Closure closure);

  @Name("add_param_group")
  private native void addGroup(@Const @ByRef OptimizerParamGroup group);

  /**
   * Cannot be done without the loss.
   *
   * @throws RuntimeException always
   */
  @Override
  public Tensor step() {
    try (Guard.Use use = guard.step(this)) {
      return super.step();
    }
  }

  /**
   * One step.
   *
   * @param closure computes the loss and its gradients; called once
   * @return the loss
   */
  @Override
  public Tensor step(LossClosure closure) {
    if (closure == null) {
      return step();
    }
    try (Guard.Use use = guard.step(this)) {
      return Closure.evaluatedBy(this::nativeStep, closure);
    }
  }

  // LibTorch's and JavaCPP's methods, guarded.

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
      addGroup(groups().prepare(copy));
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
