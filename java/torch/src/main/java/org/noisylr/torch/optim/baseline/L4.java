package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.torch.internal.NativeLibrary;
import org.noisylr.torch.internal.ParamGroups;

/**
 * An optimizer whose step size follows from the loss (Rolinek and Martius 2018, "L4: Practical
 * loss-based stepsize adaptation for deep learning"). With the loss L, the mean of gradients g over
 * all parameters (decay {@code momentum}, corrected for its start at 0) and the direction v,
 *
 * <pre>η = α·(L − γ·L_min) / (⟨g, v⟩ + ε),   θ ← θ − η·v</pre>
 *
 * where L_min is γ₀ times the loss in the first step, then the lesser of itself and the loss, and
 * grows by the factor 1 + 1/τ after each step. The settings other than α are those of the first
 * parameter group. {@link org.noisylr.torch.optim.StepHook} puts noise on α.
 *
 * <p>A step requires a closure, which returns the loss. A step whose loss is NaN or infinite
 * changes nothing.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public abstract sealed class L4 extends Optimizer permits L4Mom, L4Adam {
  static {
    NativeLibrary.load();
  }

  L4(TensorVector parameters, L4Options options, boolean adaptive) {
    super((Pointer) null);
    allocate(parameters, options, adaptive);
  }

  L4(OptimizerParamGroupVector groups, L4Options options, boolean adaptive) {
    super((Pointer) null);
    allocate(groups, options, adaptive);
  }

  @SharedPtr
  @Name("std::make_shared<noisylr::L4>")
  private native void allocate(
      @ByVal TensorVector parameters, @Const @ByRef L4Options options, boolean adaptive);

  @SharedPtr
  @Name("std::make_shared<noisylr::L4>")
  private native void allocate(
      @ByVal OptimizerParamGroupVector groups, @Const @ByRef L4Options options, boolean adaptive);

  /** η over α in the last step; NaN before it. */
  @Function
  @Name("last_scale")
  public final native double lastScale();

  /**
   * One step.
   *
   * @param closure computes the loss and its gradients; called once
   * @return the loss
   * @throws RuntimeException without a closure
   */
  @Override
  public Tensor step(LossClosure closure) {
    return NativeLibrary.step(this, closure);
  }

  /** Adds a group with options of its own or with the defaults. */
  @Override
  public native void add_param_group(@Const @ByRef OptimizerParamGroup group);

  @Override
  public OptimizerParamGroupVector param_groups() {
    return ParamGroups.of(this, super::param_groups);
  }

  @Override
  public TensorVector parameters() {
    return ParamGroups.of(this, super::param_groups).first();
  }

  @Override
  public boolean releaseReference() {
    return referenceCount() > 1 ? super.releaseReference() : NativeLibrary.close(this);
  }
}
