package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.LossCallback;
import org.noisylr.torch.internal.NativeLibrary;
import org.noisylr.torch.internal.ParamGroups;
import org.noisylr.torch.internal.UndefinedTensor;

/**
 * {@code torch::optim::SGD} with a fused step and, if wanted, a random learning rate: a drop-in for
 * {@link SGD}, whose options, parameter groups, schedulers and archives it uses.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NoisySGD extends SGD implements FusedOptimizer {
  static {
    NativeLibrary.load();
  }

  /** An optimizer of one parameter group, without noise. See the constructor with noise. */
  public NoisySGD(TensorVector parameters, SGDOptions options) {
    this(parameters, options, NoiseSpec.none());
  }

  /** An optimizer of several parameter groups, without noise. See the constructor with noise. */
  public NoisySGD(OptimizerParamGroupVector groups, SGDOptions options) {
    this(groups, options, NoiseSpec.none());
  }

  /**
   * An optimizer of one parameter group.
   *
   * @param parameters the tensors to train; ownership is shared
   * @param options LibTorch's options, copied
   * @param noise the noise on the learning rate
   */
  public NoisySGD(TensorVector parameters, SGDOptions options, NoiseSpec noise) {
    super((Pointer) null);
    try (NativeNoiseSpec spec = NativeNoiseSpec.of(noise)) {
      allocate(parameters, options, spec);
    }
  }

  /**
   * An optimizer of several parameter groups.
   *
   * @param groups parameters with options of their own; a group without takes {@code options}
   * @param options LibTorch's options, copied
   * @param noise the noise on the learning rate
   */
  public NoisySGD(OptimizerParamGroupVector groups, SGDOptions options, NoiseSpec noise) {
    super((Pointer) null);
    try (NativeNoiseSpec spec = NativeNoiseSpec.of(noise)) {
      allocate(groups, options, spec);
    }
  }

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisySGD>")
  private native void allocate(
      @ByVal TensorVector parameters, @ByVal SGDOptions options, @ByVal NativeNoiseSpec noise);

  @SharedPtr
  @Name("std::make_shared<noisylr::NoisySGD>")
  private native void allocate(
      @ByVal OptimizerParamGroupVector groups,
      @ByVal SGDOptions options,
      @ByVal NativeNoiseSpec noise);

  @Override
  public Tensor step() {
    open(this).nativeStep();
    return UndefinedTensor.INSTANCE;
  }

  @Override
  public Tensor step(LossClosure closure) {
    return closure == null ? step() : LossCallback.evaluate(open(this)::nativeStep, closure);
  }

  @Name("step")
  private native void nativeStep();

  @Name("step")
  private native @ByVal Tensor nativeStep(@ByVal LossCallback closure);

  @Override
  public OptimizerParamGroupVector param_groups() {
    return new ParamGroups(super.param_groups(), this);
  }

  @Override
  public OptimizerOptions defaults() {
    return new ParamGroups.Options(super.defaults(), this);
  }

  @Override
  public TensorVector parameters() {
    return new ParamGroups.Parameters(super.parameters(), this);
  }

  @Override
  public boolean releaseReference() {
    return referenceCount() > 1 ? super.releaseReference() : NativeLibrary.close(this);
  }

  @Override
  public void deallocate(boolean deallocate) {
    if (deallocate) {
      NativeLibrary.close(this);
    } else {
      super.deallocate(false);
    }
  }
}
