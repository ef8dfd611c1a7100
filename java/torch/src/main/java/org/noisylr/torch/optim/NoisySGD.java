package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.NativeLibrary;
import org.noisylr.torch.internal.ParamGroups;

/**
 * {@code torch::optim::SGD} with a fused step and, if wanted, a random learning rate: a drop-in for
 * {@link SGD}, whose options, parameter groups, schedulers and archives it uses. It shares
 * ownership of its parameters and copies options; a group without options of its own uses the given
 * ones.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NoisySGD extends SGD implements FusedOptimizer {
  static {
    NativeLibrary.load();
  }

  /** An optimizer of one parameter group without noise. */
  public NoisySGD(TensorVector parameters, SGDOptions options) {
    super((Pointer) null);
    allocate(parameters, options);
  }

  /** An optimizer of several parameter groups without noise. */
  public NoisySGD(OptimizerParamGroupVector groups, SGDOptions options) {
    super((Pointer) null);
    allocate(groups, options);
  }

  /** An optimizer of one parameter group. */
  public NoisySGD(TensorVector parameters, SGDOptions options, NoiseSpec noise) {
    this(parameters, options);
    noise(noise);
  }

  /** An optimizer of several parameter groups. */
  public NoisySGD(OptimizerParamGroupVector groups, SGDOptions options, NoiseSpec noise) {
    this(groups, options);
    noise(noise);
  }

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisySGD>")
  private native void allocate(@ByVal TensorVector parameters, @ByVal SGDOptions options);

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisySGD>")
  private native void allocate(@ByVal OptimizerParamGroupVector groups, @ByVal SGDOptions options);

  /** Returns the form of the momentum; {@link MomentumForm#TORCH} at first. */
  public MomentumForm momentumForm() {
    return MomentumForm.values()[NativeNoise.momentumForm(NativeLibrary.open(this))];
  }

  /**
   * Selects the form of the momentum, before the first step.
   *
   * @return this optimizer
   * @throws RuntimeException if the optimizer has state, which means something else in another form
   */
  public NoisySGD momentumForm(MomentumForm form) {
    NativeNoise.momentumForm(NativeLibrary.open(this), form.ordinal());
    return this;
  }

  @Override
  public Tensor step() {
    return NativeLibrary.step(this);
  }

  @Override
  public Tensor step(LossClosure closure) {
    return NativeLibrary.step(this, closure);
  }

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
