package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.NativeLibrary;
import org.noisylr.torch.internal.ParamGroups;

/**
 * {@code torch::optim::Adam} with a fused step and, if wanted, a random learning rate: a drop-in
 * for {@link Adam}, whose options, parameter groups, schedulers and archives it uses. It shares
 * ownership of its parameters and copies options; a group without options of its own uses the given
 * ones.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NoisyAdam extends Adam implements FusedOptimizer {
  static {
    NativeLibrary.load();
  }

  /** An optimizer of one parameter group without noise. */
  public NoisyAdam(TensorVector parameters, AdamOptions options) {
    super((Pointer) null);
    allocate(parameters, options);
  }

  /** An optimizer of several parameter groups without noise. */
  public NoisyAdam(OptimizerParamGroupVector groups, AdamOptions options) {
    super((Pointer) null);
    allocate(groups, options);
  }

  /** An optimizer of one parameter group. */
  public NoisyAdam(TensorVector parameters, AdamOptions options, NoiseSpec noise) {
    this(parameters, options);
    noise(noise);
  }

  /** An optimizer of several parameter groups. */
  public NoisyAdam(OptimizerParamGroupVector groups, AdamOptions options, NoiseSpec noise) {
    this(groups, options);
    noise(noise);
  }

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisyAdam>")
  private native void allocate(@ByVal TensorVector parameters, @ByVal AdamOptions options);

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisyAdam>")
  private native void allocate(@ByVal OptimizerParamGroupVector groups, @ByVal AdamOptions options);

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
